// Until commands are wired.
import { AppError } from '../errors.ts';
import type { Commands } from '../http/routes/commands.ts';

const refuse = async () => {
  throw new AppError('NOT_KNOWN_YET', 'the commands have not been read yet', true);
};

export const noCommands: Commands = {
  desk: { preview: refuse, redrive: refuse, cancel: refuse, setPaused: refuse },
  book: { redrives: () => null, redrive: () => null, paused: () => [], watch: () => () => {} },
};

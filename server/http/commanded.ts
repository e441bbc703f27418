// The overview with what was commanded: the stream tells of both in the same messages.
import { pausedShown, redriveShown } from './command-shown.ts';
import type { CommandBook } from './commands.ts';
import type { Writing } from './contract-commands.ts';
import type { CoreSource, DeltaContent, OverviewSource } from './overview.ts';

/** Redrives that are shown; all of them: `GET /redrives`. */
const SHOWN_REDRIVES = 20;

/** Adds the newest redrives, the paused partitions, and who may give commands. */
export function withCommands(
  source: CoreSource,
  book: CommandBook,
  writing: Writing,
): OverviewSource {
  const redrives = () => (book.redrives() ?? []).slice(0, SHOWN_REDRIVES).map(redriveShown);
  const paused = () => book.paused().map(pausedShown);
  let toldRedrives = '[]';
  let toldPaused = '[]';

  return {
    ...source,
    read: () => ({ ...source.read(), redrives: redrives(), paused: paused(), writing }),
    takeChanges() {
      const changes = source.takeChanges();
      const commanded: DeltaContent = {};
      const newRedrives = redrives();
      const redrivesText = JSON.stringify(newRedrives);
      if (redrivesText !== toldRedrives) commanded.redrives = newRedrives;
      toldRedrives = redrivesText;
      const newPaused = paused();
      const pausedText = JSON.stringify(newPaused);
      if (pausedText !== toldPaused) commanded.paused = newPaused;
      toldPaused = pausedText;
      if (changes === 'all' || Object.keys(commanded).length === 0) return changes;
      return { ...changes, ...commanded };
    },
  };
}

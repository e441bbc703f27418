// What a request for a redrive comes to, partition by partition: the dead letters are read and judged as
// whoever carries it out will judge them.
import { AppError } from '../errors.ts';
import type {
  LetterSelection,
  RedriveRequest,
  SelectionCounts,
  SelectionPreview,
} from '../http/commands.ts';
import { abortable } from '../log/abortable.ts';
import type { Clock } from '../log/clock.ts';
import type { RedriveCommand, Selection } from '../log/command.ts';
import { commandFault } from '../log/command-fault.ts';
import type { Bounds, LogReader } from '../log/ports.ts';
import { rangesOf } from '../log/selected-ranges.ts';
import type { LetterPlace } from '../log/selection.ts';
import { readRange } from '../log/walk.ts';
import type { ChooseLetter } from '../view/letter-choice.ts';
import type { Redriven } from './redriven.ts';

const SAMPLE = 10;

/** One partition's share, as it would be written. */
export type Share = SelectionCounts & {
  readonly partition: number;
  readonly command: RedriveCommand;
  readonly sample: readonly LetterPlace[];
};

/** Stops at once, and rejects, when `signal` is aborted. */
export type Select = (request: RedriveRequest, signal: AbortSignal) => Promise<readonly Share[]>;

/** Reads with a `reader` that has nothing else to do. */
export function createSelect(deps: {
  reader: LogReader;
  topic: string;
  partitions: () => number;
  choose: (command: RedriveCommand, partition: number) => ChooseLetter;
  redriven: Redriven['of'];
  clock: Clock;
}): Select {
  const { reader, topic, partitions, choose, redriven, clock } = deps;

  async function shareOf(
    request: RedriveRequest,
    partition: number,
    selection: Selection,
    bounds: Bounds,
    signal: AbortSignal,
  ): Promise<Share> {
    const { rate, notBefore, canary, maxRedrives, value } = request;
    const options = { rate, notBefore, canary, maxRedrives, value };
    const command: RedriveCommand = { kind: 'redrive', selection, selected: 0, ...options };
    mustBeSound(command);
    const chosen = choose(command, partition);
    const known = await abortable(signal, redriven(partition));
    const counts = { selected: 0, alreadyRedriven: 0, parked: 0, leftOut: 0 };
    const sample: LetterPlace[] = [];
    const missing = new Set(selection.kind === 'offsets' ? selection.offsets : []);
    /** Of two copies of a letter one is sent. */
    const origins = new Set<number>();
    for (const range of rangesOf(selection, bounds)) {
      await readRange({ reader, clock, signal }, { topic, partition }, range, (cursor) => {
        const letter = chosen(cursor);
        if (letter === null) return;
        missing.delete(cursor.offset);
        if (letter.kind !== 'send') counts[letter.kind] += 1;
        else if (known.has(letter.origin)) counts.alreadyRedriven += 1;
        else if (origins.has(letter.origin)) counts.leftOut += 1;
        else {
          counts.selected += 1;
          origins.add(letter.origin);
          if (sample.length < SAMPLE) sample.push({ partition, offset: cursor.offset });
        }
      });
    }
    for (const offset of missing) throw unknownLetter({ partition, offset }, bounds);
    return { ...counts, partition, sample, command: { ...command, selected: counts.selected } };
  }

  async function boundsOf(partition: number): Promise<Bounds> {
    if (partition < partitions()) return reader.bounds({ topic, partition });
    throw new AppError('UNKNOWN_LETTER', `there is no partition ${partition}`, false);
  }

  return async (request, signal) => {
    const { selection, value } = request;
    if (value !== null && !('places' in selection && selection.places.length === 1)) {
      throw new AppError('BAD_COMMAND', 'an edited value is for one letter', false);
    }
    const wanted = byPartition(request.selection, partitions());
    const shares = [...wanted].map(async ([partition, offsets]) => {
      const bounds = await abortable(signal, boundsOf(partition));
      const selection = frozen(request.selection, offsets, bounds);
      return shareOf(request, partition, selection, bounds, signal);
    });
    return Promise.all(shares);
  };
}

/** Before anything is read: what it asks for has to be possible. */
function mustBeSound(command: RedriveCommand): void {
  const nobody = { group: '', id: 'none', at: 0, by: '', from: '', why: '' };
  const fault = commandFault({ ...nobody, ...command });
  if (fault !== null) throw new AppError('BAD_COMMAND', fault, false);
}

/** All together, and each. */
export function previewOf(shares: readonly Share[]): SelectionPreview {
  const sum = (name: keyof SelectionCounts) => shares.reduce((all, share) => all + share[name], 0);
  return {
    selected: sum('selected'),
    alreadyRedriven: sum('alreadyRedriven'),
    parked: sum('parked'),
    leftOut: sum('leftOut'),
    sample: shares.flatMap(({ sample }) => sample).slice(0, SAMPLE),
    byPartition: shares.map(({ command: _, sample: __, ...counts }) => counts),
  };
}

function byPartition(selection: LetterSelection, partitions: number): Map<number, number[]> {
  const wanted = new Map<number, number[]>();
  if ('filter' in selection) for (let p = 0; p < partitions; p += 1) wanted.set(p, []);
  else {
    for (const { partition, offset } of selection.places) {
      wanted.set(partition, [...(wanted.get(partition) ?? []), offset]);
    }
  }
  return wanted;
}

function frozen(selection: LetterSelection, offsets: number[], { high }: Bounds): Selection {
  if ('filter' in selection) return { kind: 'filter', filter: selection.filter, below: high };
  return { kind: 'offsets', offsets: [...new Set(offsets)].sort((a, b) => a - b) };
}

function unknownLetter({ partition, offset }: LetterPlace, { low, high }: Bounds): AppError {
  const why =
    offset < low
      ? 'retention has taken it'
      : offset >= high
        ? 'it was never written'
        : 'no record stands there';
  return new AppError(
    'UNKNOWN_LETTER',
    `there is no dead letter ${partition}-${offset}: ${why}`,
    false,
  );
}

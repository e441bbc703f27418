// What dead letters say, read from Kafka when somebody asks.
import type { Clock } from '../log/clock.ts';
import type { Bounds, LogReader } from '../log/ports.ts';
import { readRange } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { LetterPlace } from './dead-letter-index.ts';

/** Offsets between two letters that are read through rather than asked for one by one. */
const MAX_GAP = 2000;

export type LetterContents = {
  bounds(partition: number): Promise<Bounds>;
  /** What `read` makes of each letter that is still there, in the order of `places`. */
  read<T>(
    places: readonly LetterPlace[],
    read: (partition: number, cursor: RecordCursor) => T,
    signal: AbortSignal,
  ): Promise<T[]>;
  /** Visits the letters at [from, to) of a partition that are there. */
  walk(
    partition: number,
    range: { from: number; to: number },
    visit: (cursor: RecordCursor) => void,
    signal: AbortSignal,
  ): Promise<void>;
};

/** Reads the dead-letter topic; `reader` should have nothing to follow, so that nobody waits for it. */
export function createLetterContents(deps: {
  reader: LogReader;
  topic: string;
  clock: Clock;
}): LetterContents {
  const { reader, topic, clock } = deps;

  const walk: LetterContents['walk'] = (partition, range, visit, signal) =>
    readRange({ reader, clock, signal }, { topic, partition }, range, visit);

  return {
    bounds: (partition) => reader.bounds({ topic, partition }),
    walk,
    async read(places, read, signal) {
      type Result = ReturnType<typeof read>;
      const found = new Map<string, Result>();
      const readRuns = async (partition: number, offsets: readonly number[]) => {
        for (const run of runsOf(offsets)) {
          const wanted = new Set(run);
          const range = { from: run[0]!, to: run.at(-1)! + 1 };
          const visit = (cursor: RecordCursor) => {
            if (!wanted.has(cursor.offset)) return;
            found.set(keyOf({ partition, offset: cursor.offset }), read(partition, cursor));
          };
          await walk(partition, range, visit, signal);
        }
      };
      await Promise.all([...byPartition(places)].map((each) => readRuns(...each)));
      return places.flatMap((place) => {
        const key = keyOf(place);
        return found.has(key) ? [found.get(key) as Result] : [];
      });
    },
  };
}

const keyOf = ({ partition, offset }: LetterPlace) => `${partition}-${offset}`;

function byPartition(places: readonly LetterPlace[]): Map<number, number[]> {
  const partitions = new Map<number, number[]>();
  for (const { partition, offset } of places) {
    const offsets = partitions.get(partition);
    if (offsets === undefined) partitions.set(partition, [offset]);
    else offsets.push(offset);
  }
  return partitions;
}

/** Offsets in order, in runs of those that stand near each other. */
function runsOf(offsets: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const offset of [...offsets].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && offset - run.at(-1)! <= MAX_GAP) run.push(offset);
    else runs.push([offset]);
  }
  return runs;
}

// What dead letters say, read from Kafka when somebody asks.
import { abortable } from '../log/abortable.ts';
import type { Clock } from '../log/clock.ts';
import { type DeadLetter, readDeadLetter, SHOWN_HEADERS } from '../log/dead-letter.ts';
import type { Bounds, LogReader } from '../log/ports.ts';
import { type Redrive, redriveOf } from '../log/redrive.ts';
import type { LetterPlace } from '../log/selection.ts';
import { readRange } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { KafkaRecord } from '../record-batch/record.ts';
import { lastHeaders, openRecord } from '../record-batch/record-parts.ts';

/** Letters that are no farther apart are read in one go, with everything between them. */
const MAX_GAP = 2000;

/** A dead letter as it was written, in bytes of its own. */
export type WholeLetter = LetterPlace & {
  readonly record: KafkaRecord;
  /** What its record said of being sent again. */
  readonly redrive: Redrive | null;
};

export type LetterContents = {
  bounds(partition: number, signal: AbortSignal): Promise<Bounds>;
  /** The letters that are still there, in the order of `places`. */
  letters(places: readonly LetterPlace[], signal: AbortSignal): Promise<DeadLetter[]>;
  whole(places: readonly LetterPlace[], signal: AbortSignal): Promise<WholeLetter[]>;
  /** What a record says for a list. */
  letterOf(partition: number, record: KafkaRecord): DeadLetter;
  letterUnder(partition: number, cursor: RecordCursor): DeadLetter;
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
  /** The name of a value; null when it has none. */
  idOf: (value: Buffer) => string | null;
  clock: Clock;
}): LetterContents {
  const { reader, topic, idOf, clock } = deps;

  const walk: LetterContents['walk'] = (partition, range, visit, signal) =>
    readRange({ reader, clock, signal }, { topic, partition }, range, visit);

  /** What `take` makes of each letter. */
  async function read<T>(
    places: readonly LetterPlace[],
    take: (partition: number, cursor: RecordCursor) => T,
    signal: AbortSignal,
  ): Promise<T[]> {
    const found = new Map<string, { taken: T }>();
    const readRuns = async (partition: number, offsets: readonly number[]) => {
      for (const run of runsOf(offsets)) {
        const wanted = new Set(run);
        const range = { from: run[0]!, to: run.at(-1)! + 1 };
        const visit = (cursor: RecordCursor) => {
          const { offset } = cursor;
          if (wanted.has(offset))
            found.set(keyOf({ partition, offset }), { taken: take(partition, cursor) });
        };
        await walk(partition, range, visit, signal);
      }
    };
    await Promise.all([...byPartition(places)].map((each) => readRuns(...each)));
    return places.flatMap((place) => {
      const each = found.get(keyOf(place));
      return each === undefined ? [] : [each.taken];
    });
  }

  function letterUnder(partition: number, cursor: RecordCursor): DeadLetter {
    const { offset, timestamp, bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
    return readDeadLetter(partition, idOf, {
      offset,
      timestamp,
      key: keyStart < 0 ? null : bytes.subarray(keyStart, keyEnd),
      value: valueStart < 0 ? null : bytes.subarray(valueStart, valueEnd),
      headers: lastHeaders(bytes, cursor, SHOWN_HEADERS),
    });
  }

  return {
    bounds: (partition, signal) => abortable(signal, reader.bounds({ topic, partition })),
    walk,
    letterUnder,
    letterOf: (partition, record) => readDeadLetter(partition, idOf, record),
    letters: (places, signal) => read(places, letterUnder, signal),
    whole: (places, signal) => read(places, wholeLetter, signal),
  };
}

function wholeLetter(partition: number, cursor: RecordCursor): WholeLetter {
  const record = openRecord(cursor.copy());
  return { partition, offset: record.offset, record, redrive: redriveOf(record.headers) };
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

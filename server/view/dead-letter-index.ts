// All dead letters that fit into a bounded memory, the newest: where each stands, its time, its group
// and what has become of it. What they say is read from Kafka when somebody asks.
import type { LetterPlace } from '../log/selection.ts';
import { PAUSE_EVERY, type Steps } from '../log/slices.ts';
import {
  CHUNK,
  createLetterColumns,
  FLAG,
  type LetterColumns,
  type LetterRow,
} from './letter-columns.ts';
import { createLetterGroups, type LetterGroup, OPEN } from './letter-groups.ts';
import { createLetterQueries, type LetterQueries } from './letter-queries.ts';
import { createLetterStates } from './letter-states.ts';
import { tellsTime } from './letter-time.ts';
import { createOldestOpen } from './oldest-open.ts';
import { createRedrivenOrders, type RedrivenOffsets } from './redriven-orders.ts';

/** Letters that are held, of all partitions together. */
export const MAX_LETTERS = 1_000_000;

/** A dead letter as it is indexed. */
export type IndexedLetter = LetterPlace & {
  /** Ms since 1970, as the record says: any 64 bits. */
  readonly timestamp: number;
  readonly code: string | null;
  readonly group: string;
  /** Offset of its order in the same partition of `orders`; -1 when its group is not ours. */
  readonly origin: number;
  /** How often the order had been redriven, and as which dead letter of ours the last time (-1: never). */
  readonly lives: number;
  readonly earlier: number;
};

/** How much of the topic is held. */
export type IndexSize = { readonly held: number; readonly older: number };

export type DeadLetterIndex = LetterQueries & {
  /** Takes in the next letter of its partition. */
  add(letter: IndexedLetter): void;
  /** Letters below have been taken by retention. */
  forgetBelow(partition: number, low: number): Steps<void>;
  /** The orders of a partition that were redriven, all that are known. */
  setRedriven(partition: number, offsets: RedrivenOffsets): Steps<void>;
  /** Held, and older ones that were read and are not held any more. */
  size(): IndexSize;
  groups(): readonly LetterGroup[];
  /** The time of the oldest letter that is open, ms since 1970; null when none is, or none of them tells its time. */
  oldestOpen(): number | null;
};

/** An index of the newest `capacity` letters, and of a few more. One that was redriven `maxRedrives` times is parked. */
export function createDeadLetterIndex({
  capacity = MAX_LETTERS,
  maxRedrives = 3,
  now = Date.now,
}: {
  capacity?: number;
  maxRedrives?: number;
  now?: () => number;
} = {}): DeadLetterIndex {
  const partitions = new Map<number, LetterColumns>();
  const groups = createLetterGroups();
  const states = createLetterStates(groups, maxRedrives);
  /** Of each partition, the time of the last letter that tells one. */
  const told = new Map<number, number>();
  const redriven = createRedrivenOrders();
  const oldestOpen = createOldestOpen((chunk, at) => states.of(chunk, at) === OPEN);
  let held = 0;
  let older = 0;

  function columnsOf(partition: number): LetterColumns {
    let columns = partitions.get(partition);
    if (columns === undefined) {
      columns = createLetterColumns();
      partitions.set(partition, columns);
    }
    return columns;
  }

  function forgotten(row: LetterRow): void {
    states.count(row, -1);
    held -= 1;
  }

  /** Of the partition that has most. */
  function makeRoom(): void {
    let largest: LetterColumns | undefined;
    for (const each of partitions.values()) {
      if (largest === undefined || each.size > largest.size) largest = each;
    }
    const before = held;
    largest?.forgetOldest(forgotten);
    older += before - held;
  }

  return {
    ...createLetterQueries({ partitions, groups, states }),
    add({ partition, offset, timestamp, code, group, origin, lives, earlier }) {
      const columns = columnsOf(partition);
      const timeless = !tellsTime(timestamp);
      const time = timeless ? (told.get(partition) ?? 0) : timestamp;
      const number = groups.of(code, group);
      if (!timeless) {
        told.set(partition, time);
        const { first, last } = groups.at(number);
        groups.at(number).first = Math.min(first, time);
        groups.at(number).last = Math.max(last, time);
      }
      if (held >= capacity + CHUNK) makeRoom();
      const row = columns.add({ offset, time, timeless, group: number, lives, origin });
      if (redriven.has(partition, origin)) row.chunk.flags[row.at]! |= FLAG.redriven;
      held += 1;
      states.count(row, 1);
      const isCopy = (row.chunk.flags[row.at]! & FLAG.copy) !== 0;
      if (!timeless && !isCopy) groups.at(number).recent.add(time, now());
      const earlierRow = earlier < 0 ? null : columns.find(earlier);
      if (earlierRow !== null) states.failedAgain(earlierRow, offset - earlier);
    },
    *forgetBelow(partition, low) {
      yield* columnsOf(partition).forgetBelow(low, forgotten);
    },
    *setRedriven(partition, offsets) {
      const columns = columnsOf(partition);
      for (const origins of redriven.set(partition, offsets)) {
        for (let i = 0; i < origins.length; i += 1) {
          if (i % PAUSE_EVERY === 0) yield;
          const row = columns.ofOrder(origins[i]!);
          if (row !== null) states.redriven(row);
        }
      }
    },
    size: () => ({ held, older }),
    groups: () => groups.all(),
    oldestOpen: () => oldestOpen(partitions.values()),
  };
}

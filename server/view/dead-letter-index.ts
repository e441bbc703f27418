// All dead letters that fit into a bounded memory, the newest: where each stands, its time, its group
// and what has become of it. What they say is read from Kafka when somebody asks.
import { PAUSE_EVERY, type Steps } from '../log/slices.ts';
import {
  CHUNK,
  type Chunk,
  createLetterColumns,
  FLAG,
  type LetterColumns,
  MAX_LIVES,
  type Place,
} from './letter-columns.ts';
import {
  createLetterGroups,
  FAILED_AGAIN,
  type LetterGroup,
  type LetterState,
  OPEN,
  PARKED,
  REDRIVEN,
  STATES,
} from './letter-groups.ts';
import { mergeNewest, type Positions } from './letter-merge.ts';
import { createOldestOpen } from './oldest-open.ts';

/** Letters that are held, of all partitions together. */
export const MAX_LETTERS = 1_000_000;
/** A timestamp outside (seconds, microseconds, none at all) tells no time; ms since 1970. */
const OUR_AGE = { from: Date.UTC(2000), to: Date.UTC(2100) };

export type LetterPlace = { readonly partition: number; readonly offset: number };

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

/** What a letter has to be; what is absent does not matter. Times in ms since 1970. */
export type IndexFilter = {
  readonly code?: string;
  readonly group?: string;
  readonly from?: number;
  readonly to?: number;
  readonly state?: LetterState;
};

export type FoundLetter = LetterPlace & {
  readonly state: LetterState;
  readonly code: string | null;
  /** Null when there was no room for one more group. */
  readonly group: string | null;
  /** The time by which it is in its place; that of a letter before it when its own tells none. */
  readonly time: number;
};

export type FoundPage = {
  readonly letters: readonly FoundLetter[];
  /** Where the next page begins; null when there is none. */
  readonly next: Positions | null;
};

/** Offsets of orders: many that stay the same, and those that have come since. */
export type RedrivenOrders = { readonly base: Float64Array; readonly since: Float64Array };

/** How much of the topic is held. */
export type IndexSize = { readonly held: number; readonly older: number };

export type DeadLetterIndex = {
  /** Takes in the next letter of its partition. */
  add(letter: IndexedLetter): void;
  /** Letters below have been taken by retention. */
  forgetBelow(partition: number, low: number): void;
  /** The orders of a partition that were redriven, all that are known; ascending. */
  setRedriven(partition: number, origins: RedrivenOrders): Steps<void>;
  /** Held, and older ones that were read and are not held any more. */
  size(): IndexSize;
  groups(): readonly LetterGroup[];
  /** The time of the oldest letter that is open, ms since 1970; null when none is, or none of them tells its time. */
  oldestOpen(): number | null;
  /** In the order of arrival, newest first; `before` says for each partition below which offset. */
  page(filter: IndexFilter, limit: number, before: Positions): Steps<FoundPage>;
  count(filter: IndexFilter): Steps<number>;
  /** Offsets in [from, to) of letters that the filter takes, ascending. */
  matching(filter: IndexFilter, partition: number, from: number, to: number): number[];
  find(place: LetterPlace): (FoundLetter & { readonly later: number | null; copy: boolean }) | null;
  /** The offset of the letter of an order, the first when there are copies; null when none is held. */
  ofOrder(partition: number, origin: number): number | null;
  /** From which offset on all letters of a partition are held; null when none is. */
  heldFrom(partition: number): number | null;
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
  const parkedFrom = Math.min(maxRedrives, MAX_LIVES);
  /** Of each partition, the time of the last letter that tells one. */
  const told = new Map<number, number>();
  const redriven = new Map<number, RedrivenOrders>();
  const oldestOpen = createOldestOpen((chunk, at) => stateOf(chunk, at) === OPEN);
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

  function stateOf(chunk: Chunk, at: number): number {
    if (chunk.later[at] !== 0) return FAILED_AGAIN;
    const flags = chunk.flags[at]!;
    if ((flags & FLAG.redriven) !== 0) return REDRIVEN;
    return (flags & MAX_LIVES) >= parkedFrom ? PARKED : OPEN;
  }

  /** Adds `by` to what is counted of the letter's group; a second letter for an order counts nowhere. */
  function count(place: Place, by: 1 | -1): void {
    const { chunk, at } = place;
    if ((chunk.flags[at]! & FLAG.copy) !== 0) return;
    groups.at(chunk.groups[at]!).letters[stateOf(chunk, at)]! += by;
  }

  function change(place: Place, write: () => void): void {
    count(place, -1);
    write();
    count(place, 1);
  }

  function* markAll(columns: LetterColumns, origins: Float64Array): Steps<void> {
    for (let i = 0; i < origins.length; i += 1) {
      if (i % PAUSE_EVERY === 0) yield;
      const place = columns.ofOrder(origins[i]!);
      if (place === null || (place.chunk.flags[place.at]! & FLAG.redriven) !== 0) continue;
      change(place, () => {
        place.chunk.flags[place.at]! |= FLAG.redriven;
      });
    }
  }

  function isRedriven(partition: number, origin: number): boolean {
    const origins = redriven.get(partition);
    if (origins === undefined || origin < 0) return false;
    return isIn(origins.base, origin) || isIn(origins.since, origin);
  }

  function forgotten(place: Place): void {
    count(place, -1);
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

  /** Whether the filter takes the letter, as one call without an object: it is asked a million times. */
  function testOf(filter: IndexFilter): (chunk: Chunk, at: number) => boolean {
    const {
      code,
      group,
      state,
      from = Number.NEGATIVE_INFINITY,
      to = Number.POSITIVE_INFINITY,
    } = filter;
    const anyTime = filter.from === undefined && filter.to === undefined;
    const wanted = new Uint8Array(groups.length);
    for (let number = 0; number < wanted.length; number += 1) {
      const each = groups.at(number);
      const fits = (code ?? each.code) === each.code && (group ?? each.group) === each.group;
      wanted[number] = fits ? 1 : 0;
    }
    const stateNumber = state === undefined ? null : STATES.indexOf(state);
    return (chunk, at) => {
      const flags = chunk.flags[at]!;
      if (wanted[chunk.groups[at]!] !== 1 || (flags & FLAG.copy) !== 0) return false;
      if (!anyTime) {
        const time = chunk.times[at]!;
        if ((flags & FLAG.timeless) !== 0 || time < from || time >= to) return false;
      }
      return stateNumber === null || stateOf(chunk, at) === stateNumber;
    };
  }

  function found(partition: number, place: Place): FoundLetter {
    const { chunk, at } = place;
    const { code, group } = groups.at(chunk.groups[at]!);
    const offset = chunk.base + chunk.deltas[at]!;
    const state = STATES[stateOf(chunk, at)]!;
    return { partition, offset, state, code, group, time: chunk.times[at]! };
  }

  return {
    add({ partition, offset, timestamp, code, group, origin, lives, earlier }) {
      const columns = columnsOf(partition);
      const timeless = !(timestamp >= OUR_AGE.from && timestamp < OUR_AGE.to);
      const time = timeless ? (told.get(partition) ?? 0) : timestamp;
      const number = groups.of(code, group);
      if (!timeless) {
        told.set(partition, time);
        const { first, last } = groups.at(number);
        groups.at(number).first = Math.min(first, time);
        groups.at(number).last = Math.max(last, time);
      }
      if (held >= capacity + CHUNK) makeRoom();
      const place = columns.add({ offset, time, timeless, group: number, lives, origin });
      if (isRedriven(partition, origin)) place.chunk.flags[place.at]! |= FLAG.redriven;
      held += 1;
      count(place, 1);
      const isCopy = (place.chunk.flags[place.at]! & FLAG.copy) !== 0;
      if (!timeless && !isCopy) groups.at(number).recent.add(time, now());
      const earlierPlace = earlier < 0 ? null : columns.find(earlier);
      if (earlierPlace === null || earlierPlace.chunk.later[earlierPlace.at] !== 0) return;
      change(earlierPlace, () => {
        earlierPlace.chunk.later[earlierPlace.at] = Math.min(offset - earlier, 2 ** 32 - 1);
      });
    },
    forgetBelow(partition, low) {
      partitions.get(partition)?.forgetBelow(low, forgotten);
    },
    *setRedriven(partition, origins) {
      const before = redriven.get(partition);
      redriven.set(partition, origins);
      const columns = columnsOf(partition);
      if (origins.base !== before?.base) yield* markAll(columns, origins.base);
      yield* markAll(columns, origins.since);
    },
    size: () => ({ held, older }),
    groups: () => groups.all(),
    oldestOpen: () => oldestOpen(partitions.values()),
    *page(filter, limit, before) {
      const test = testOf(filter);
      const letters: FoundLetter[] = [];
      const merged = mergeNewest(partitions, before, test);
      for (;;) {
        const { value, done } = merged.next();
        if (done) return { letters, next: null };
        if (value === undefined) {
          yield;
          continue;
        }
        if (letters.length === limit) return { letters, next: positionsAfter(before, letters) };
        letters.push(found(value.partition, value));
      }
    },
    *count(filter) {
      const test = testOf(filter);
      let matching = 0;
      for (const { chunks } of partitions.values()) {
        for (const chunk of [...chunks]) {
          for (let at = chunk.first; at < chunk.size; at += 1) if (test(chunk, at)) matching += 1;
          yield;
        }
      }
      return matching;
    },
    matching(filter, partition, from, to) {
      const test = testOf(filter);
      const offsets: number[] = [];
      for (const chunk of partitions.get(partition)?.chunks ?? []) {
        if (chunk.base >= to) break;
        const { base, deltas, first, size } = chunk;
        if (size === first || base + deltas[size - 1]! < from) continue;
        for (let at = first; at < size; at += 1) {
          const offset = base + deltas[at]!;
          if (offset >= from && offset < to && test(chunk, at)) offsets.push(offset);
        }
      }
      return offsets;
    },
    find({ partition, offset }) {
      const place = partitions.get(partition)?.find(offset) ?? null;
      if (place === null) return null;
      const { chunk, at } = place;
      const later = chunk.later[at]!;
      const copy = (chunk.flags[at]! & FLAG.copy) !== 0;
      return { ...found(partition, place), later: later === 0 ? null : offset + later, copy };
    },
    ofOrder(partition, origin) {
      const place = partitions.get(partition)?.ofOrder(origin) ?? null;
      return place === null ? null : place.chunk.base + place.chunk.deltas[place.at]!;
    },
    heldFrom(partition) {
      const chunk = partitions.get(partition)?.chunks[0];
      return chunk === undefined ? null : chunk.base + chunk.deltas[chunk.first]!;
    },
  };
}

/** Of each partition the letters below those that were given. */
function positionsAfter(before: Positions, letters: readonly LetterPlace[]): Positions {
  const positions = new Map(before);
  for (const { partition, offset } of letters) positions.set(partition, offset);
  return positions;
}

function isIn(sorted: Float64Array, origin: number): boolean {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]! < origin) from = middle + 1;
    else to = middle;
  }
  return sorted[from] === origin;
}

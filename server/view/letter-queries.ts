// Questions to the index of dead letters. None of them changes it, and letters may come and go between
// the steps of one.
import type { LetterPlace, Positions } from '../log/selection.ts';
import type { Steps } from '../log/slices.ts';
import { FLAG, type LetterColumns, type LetterRow } from './letter-columns.ts';
import { type IndexFilter, rowTest } from './letter-filter.ts';
import { type LetterGroups, type LetterState, STATES } from './letter-groups.ts';
import { mergeNewest } from './letter-merge.ts';
import type { LetterStates } from './letter-states.ts';

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

export type LetterQueries = {
  /** In the order of arrival, newest first; `before` says for each partition below which offset. */
  page(filter: IndexFilter, limit: number, before: Positions): Steps<FoundPage>;
  count(filter: IndexFilter): Steps<number>;
  /** Offsets in [from, to) of letters that the filter takes, ascending. */
  matching(filter: IndexFilter, partition: number, from: number, to: number): number[];
  /** With the offset of the letter that it became when it failed again; `copy`: the second for its order. */
  find(place: LetterPlace): (FoundLetter & { readonly later: number | null; copy: boolean }) | null;
  /** The offset of the letter of an order, the first when there are copies; null when none is held. */
  ofOrder(partition: number, origin: number): number | null;
  /** From which offset on all letters of a partition are held; null when none is. */
  heldFrom(partition: number): number | null;
};

/** Asks the letters of all partitions. */
export function createLetterQueries(deps: {
  partitions: ReadonlyMap<number, LetterColumns>;
  groups: LetterGroups;
  states: LetterStates;
}): LetterQueries {
  const { partitions, groups, states } = deps;
  const testOf = (filter: IndexFilter) => rowTest(filter, groups, states.of);

  function found(partition: number, { chunk, at }: LetterRow): FoundLetter {
    const { code, group } = groups.at(chunk.groups[at]!);
    const offset = chunk.base + chunk.deltas[at]!;
    const state = STATES[states.of(chunk, at)]!;
    return { partition, offset, state, code, group, time: chunk.times[at]! };
  }

  return {
    *page(filter, limit, before) {
      const letters: FoundLetter[] = [];
      const merged = mergeNewest(partitions, before, testOf(filter));
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
      const row = partitions.get(partition)?.find(offset) ?? null;
      if (row === null) return null;
      const later = row.chunk.later[row.at]!;
      const copy = (row.chunk.flags[row.at]! & FLAG.copy) !== 0;
      return { ...found(partition, row), later: later === 0 ? null : offset + later, copy };
    },
    ofOrder(partition, origin) {
      const row = partitions.get(partition)?.ofOrder(origin) ?? null;
      return row === null ? null : row.chunk.base + row.chunk.deltas[row.at]!;
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

// The groups of dead letters, numbered, and how many letters of each are in which state.

import { createRecent, type Recent } from './recent.ts';

/** What has become of a dead letter; `parked`: it was redriven too often to be sent again unasked. */
export const STATES = ['open', 'redriven', 'failed-again', 'parked'] as const;
export type LetterState = (typeof STATES)[number];

export const OPEN = 0;
export const REDRIVEN = 1;
export const FAILED_AGAIN = 2;
export const PARKED = 3;

/** More kinds of reasons than people can look at; the letters of all others are of the last group. */
const MAX_GROUPS = 4096;
const OTHERS = 0;

export type LetterGroup = {
  /** Null for the letters for whose groups there was no room. */
  readonly group: string | null;
  /** Null for letters that did not come from this service. */
  readonly code: string | null;
  /** By the numbers of STATES. */
  readonly letters: Float64Array;
  /** Times of its oldest and newest letter that tell one, ms since 1970; as they were read. */
  first: number;
  last: number;
  readonly recent: Recent;
};

export type LetterGroups = {
  /** Its number. */
  of(code: string | null, group: string): number;
  at(number: number): LetterGroup;
  /** Every group that has letters. */
  all(): LetterGroup[];
  readonly length: number;
};

/** No groups but the one for all others. */
export function createLetterGroups(maxGroups = MAX_GROUPS): LetterGroups {
  const groups: LetterGroup[] = [emptyGroup(null, null)];
  const numbers = new Map<string, number>();
  return {
    of(code, group) {
      const key = `${code ?? ''}\0${group}`;
      const known = numbers.get(key);
      if (known !== undefined) return known;
      if (groups.length >= maxGroups) return OTHERS;
      numbers.set(key, groups.length);
      return groups.push(emptyGroup(code, group)) - 1;
    },
    at: (number) => groups[number]!,
    all: () => groups.filter(({ letters }) => letters.some((count) => count > 0)),
    get length() {
      return groups.length;
    },
  };
}

function emptyGroup(code: string | null, group: string | null): LetterGroup {
  const letters = new Float64Array(STATES.length);
  const recent = createRecent();
  const [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return { group, code, letters, first, last, recent };
}

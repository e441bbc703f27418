// Which letters of the index are asked for.
import { type Chunk, FLAG } from './letter-columns.ts';
import { type LetterGroups, type LetterState, STATES } from './letter-groups.ts';
import type { LetterStates } from './letter-states.ts';

/** What a letter has to be; what is absent does not matter. Times in ms since 1970. */
export type IndexFilter = {
  readonly code?: string;
  readonly group?: string;
  readonly from?: number;
  readonly to?: number;
  readonly state?: LetterState;
};

export type RowTest = (chunk: Chunk, at: number) => boolean;

/**
 * Whether a letter is asked for, as one call without an object: it is made a million times. It knows the
 * groups that there are now. Second letters for an order are never asked for, nor, with a time, those
 * that tell none.
 */
export function rowTest(
  filter: IndexFilter,
  groups: LetterGroups,
  stateOf: LetterStates['of'],
): RowTest {
  const { code, group, state } = filter;
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = filter;
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

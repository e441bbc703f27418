// What has become of each letter of the index, as its row tells it, and how many letters of each group
// are in which state.
import { type Chunk, FLAG, type LetterRow, MAX_LIVES } from './letter-columns.ts';
import { FAILED_AGAIN, type LetterGroups, OPEN, PARKED, REDRIVEN } from './letter-groups.ts';

export type LetterStates = {
  /** The state of a letter, by its number in STATES. */
  of(chunk: Chunk, at: number): number;
  /** Counts a letter that has come (1), or one that is about to be forgotten (-1). */
  count(row: LetterRow, by: 1 | -1): void;
  /** Notes that the order of a letter was redriven. */
  redriven(row: LetterRow): void;
  /** Notes that the order of a letter failed again, and became the letter so many offsets behind it. */
  failedAgain(row: LetterRow, behind: number): void;
};

/** Counts in `groups`; a letter whose order was redriven `maxRedrives` times is parked. */
export function createLetterStates(groups: LetterGroups, maxRedrives: number): LetterStates {
  const parkedFrom = Math.min(maxRedrives, MAX_LIVES);

  function of(chunk: Chunk, at: number): number {
    if (chunk.later[at] !== 0) return FAILED_AGAIN;
    const flags = chunk.flags[at]!;
    if ((flags & FLAG.redriven) !== 0) return REDRIVEN;
    return (flags & MAX_LIVES) >= parkedFrom ? PARKED : OPEN;
  }

  /** A second letter for the same order counts nowhere. */
  function count({ chunk, at }: LetterRow, by: 1 | -1): void {
    if ((chunk.flags[at]! & FLAG.copy) !== 0) return;
    groups.at(chunk.groups[at]!).letters[of(chunk, at)]! += by;
  }

  return {
    of,
    count,
    redriven(row) {
      if ((row.chunk.flags[row.at]! & FLAG.redriven) !== 0) return;
      count(row, -1);
      row.chunk.flags[row.at]! |= FLAG.redriven;
      count(row, 1);
    },
    failedAgain(row, behind) {
      if (row.chunk.later[row.at] !== 0) return;
      count(row, -1);
      row.chunk.later[row.at] = Math.min(behind, MAX_BEHIND);
      count(row, 1);
    },
  };
}

/** What `later` can hold. */
const MAX_BEHIND = 2 ** 32 - 1;

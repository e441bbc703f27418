// Dead letters by what became of them, as Prometheus shows them. Of the whole group, from the index.
import type { LetterList } from '../http/letters.ts';
import type { GaugeValue } from '../orders/figures.ts';
import { REASONS } from '../orders/reasons.ts';
import type { DeadLetterIndex } from '../view/dead-letter-index.ts';
import { STATES } from '../view/letter-groups.ts';

/** What a scrape asks of the index. */
export type IndexedLetters = Pick<DeadLetterIndex, 'groups' | 'oldestOpen'> & {
  /** Every letter that is kept has been read; before that no number is true. */
  isComplete(): boolean;
};

/** The index for scrapes. Complete once it has been: letters that come later are read at once. */
export function indexedLetters(
  index: Pick<DeadLetterIndex, 'groups' | 'oldestOpen'>,
  list: Pick<LetterList, 'reach'>,
): IndexedLetters {
  let complete = false;
  return {
    groups: index.groups,
    oldestOpen: index.oldestOpen,
    isComplete() {
      complete ||= list.reach()?.complete === true;
      return complete;
    },
  };
}

/** Codes of strangers are one, because whoever writes could make as many series as there are names. */
const CODES: ReadonlySet<string> = new Set(Object.keys(REASONS));
const OTHER = 'other';

/** One value for each code that there is and each state. */
export function lettersByCode(letters: IndexedLetters): readonly GaugeValue[] {
  if (!letters.isComplete()) return [];
  const counts = new Map<string, Float64Array>();
  for (const group of letters.groups()) {
    const code = group.code !== null && CODES.has(group.code) ? group.code : OTHER;
    const sums = counts.get(code) ?? new Float64Array(STATES.length);
    counts.set(
      code,
      sums.map((sum, state) => sum + group.letters[state]!),
    );
  }
  return [...counts].flatMap(([code, sums]) =>
    STATES.map((state, number) => ({ labels: { code, state }, value: sums[number]! })),
  );
}

/** In seconds; no value when none is open. `now`: ms since 1970. */
export function oldestOpenAge(letters: IndexedLetters, now: number): readonly GaugeValue[] {
  const at = letters.isComplete() ? letters.oldestOpen() : null;
  return at === null ? [] : [{ value: Math.max(0, now - at) / 1000 }];
}

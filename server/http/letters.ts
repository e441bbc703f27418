// What HTTP needs to show dead letters: ports, implemented where the service is wired.
import type { LetterPlace, Positions } from '../log/selection.ts';
import type {
  DecodedValue,
  FieldDifference,
  IndexReach,
  LetterDetail,
  LetterGroups,
  LetterItem,
  LetterState,
} from './contract-letters.ts';

/** What a letter in a list has to be; what is absent does not matter. Times in ms since 1970. */
export type ListFilter = {
  readonly code?: string;
  readonly group?: string;
  readonly from?: number;
  readonly to?: number;
  readonly state?: LetterState;
};

export type LetterPage = {
  readonly items: readonly LetterItem[];
  /** How many letters there are that the filter takes, of those that the index holds. */
  readonly matching: number;
  /** Null: it was the last page. */
  readonly next: Positions | null;
  readonly index: IndexReach;
};

/** Lists, answered from the index. Null while this instance has not begun to read the letters. */
export type LetterList = {
  page(
    query: { filter: ListFilter; limit: number; before: Positions },
    signal: AbortSignal,
  ): Promise<LetterPage | null>;
  groups(limit: number): LetterGroups | null;
  /** Every letter that the filter takes, a partition after the other, each in order. */
  all(filter: ListFilter, signal: AbortSignal): AsyncIterable<readonly LetterItem[]> | null;
  reach(): IndexReach | null;
};

/** Why there is no letter at a place. `none`: its offset holds no record, a gap in the log. */
export type NoLetter =
  | { readonly missing: 'expired'; readonly low: number }
  | { readonly missing: 'never'; readonly end: number }
  | { readonly missing: 'none' }
  | { readonly missing: 'partition'; readonly partitions: number };

/** An edited value: in the terms of the schema, or as it is to be written. */
export type Edit = { readonly json: unknown } | { readonly bytes: Buffer };

export type Edited = {
  readonly value: Buffer;
  readonly decoded: DecodedValue;
  readonly difference: readonly FieldDifference[];
};

/** One letter, read from Kafka. */
export type LetterContent = {
  letter(place: LetterPlace, signal: AbortSignal): Promise<LetterDetail | NoLetter>;
  /** `fault`: why the edit is no value of the schema, in words. */
  edited(
    place: LetterPlace,
    edit: Edit,
    signal: AbortSignal,
  ): Promise<Edited | { fault: string } | NoLetter>;
};

export type SearchStep = {
  readonly read: number;
  readonly total: number;
  readonly hits: readonly LetterItem[];
};

/** Reads the topic, the newest letters first, for a text in value or reason. */
export type LetterSearch = (text: string, signal: AbortSignal) => AsyncIterable<SearchStep>;

export type Letters = {
  readonly list: LetterList;
  readonly content: LetterContent;
  readonly search: LetterSearch;
};

// How people name dead letters, and in which steps they are sent again.

/** Where a dead letter stands in its topic. */
export type LetterPlace = { readonly partition: number; readonly offset: number };

/** What a dead letter must be to be selected; what is absent does not matter. Times in ms since 1970. */
export type LetterFilter = {
  /** The code its reason starts with, such as `PERMANENT`. */
  readonly code?: string;
  /** The group of reasons it belongs to, as `GET /dlq/groups` names it. */
  readonly group?: string;
  /** Written at or after. */
  readonly from?: number;
  /** Written before. */
  readonly to?: number;
  /** Text contained in value or reason, whatever its case. */
  readonly q?: string;
};

/** Of each partition the letters below this offset; of one that is absent all. */
export type Positions = ReadonlyMap<number, number>;

/** Sends `count` first, goes on when at most `maxFailed` of them (0 to 1) failed again, then with four times as many. */
export type Canary = { readonly count: number; readonly maxFailed: number };

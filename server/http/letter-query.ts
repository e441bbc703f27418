// The parameters of lists of dead letters, and of selections, as they come from outside.
import { type Static, Type } from 'typebox';
import type { LetterPlace, Positions } from '../log/selection.ts';
import { HttpError } from './http-error.ts';
import type { ListFilter } from './letters.ts';

/** The place of a letter: partition and offset. */
export const ID = '\\d{1,4}-\\d{1,16}';
export const CODE = '^[A-Z][A-Z_]{0,63}$';
export const GROUP_LENGTH = 200;
/** Places of a thousand partitions. */
const MAX_BEFORE = 7000;
/** ISO 8601 or milliseconds since 1970. */
export const TIME =
  '^(\\d{12,15}|\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,3})?)?(Z|[+-]\\d\\d:\\d\\d))?)$';

/** Strings and not numbers: coercion would let 1e3, 0x10 and an empty value pass. */
export const LIMIT_PATTERN = '^([1-9][0-9]{0,2}|1000)$';

export const FilterQuery = {
  group: Type.Optional(Type.String({ minLength: 1, maxLength: GROUP_LENGTH })),
  code: Type.Optional(Type.String({ pattern: CODE })),
  from: Type.Optional(Type.String({ pattern: TIME })),
  to: Type.Optional(Type.String({ pattern: TIME })),
  state: Type.Optional(Type.String({ pattern: '^(open|redriven|failed-again|parked)$' })),
};

export const ListQuery = Type.Object(
  {
    limit: Type.String({ pattern: LIMIT_PATTERN, default: '20' }),
    before: Type.Optional(Type.String({ pattern: `^${ID}(,${ID})*$`, maxLength: MAX_BEFORE })),
    ...FilterQuery,
  },
  { additionalProperties: false },
);
export type ListQuery = Static<typeof ListQuery>;

export const FILTER_WORDS =
  'group and code (as GET /dlq/groups names them), from and to (ISO 8601 or milliseconds since 1970) ' +
  'and state (open, redriven, failed-again or parked)';

type Words = Pick<ListQuery, 'group' | 'code' | 'from' | 'to' | 'state'>;

/** Throws 400 for a time that is none, and for a range in which there can be nothing. */
export function listFilter({ group, code, from, to, state }: Words): ListFilter {
  return {
    ...(group === undefined ? {} : { group }),
    ...(code === undefined ? {} : { code }),
    ...(state === undefined ? {} : { state: state as NonNullable<ListFilter['state']> }),
    ...timeRange(from, to),
  };
}

/** `from` and `to` in ms since 1970; throws 400 as `listFilter` does. */
export function timeRange(from?: string, to?: string): { from?: number; to?: number } {
  const range = {
    ...(from === undefined ? {} : { from: timeOf(from, 'from') }),
    ...(to === undefined ? {} : { to: timeOf(to, 'to') }),
  };
  if (range.from !== undefined && range.to !== undefined && range.from >= range.to) {
    throw new HttpError(400, 'BAD_TIME', 'from must be before to');
  }
  return range;
}

function timeOf(text: string, name: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const time = Date.parse(text);
  if (Number.isNaN(time) || !isDay(text.slice(0, 'yyyy-mm-dd'.length))) {
    throw new HttpError(400, 'BAD_TIME', `${name} is no time`);
  }
  return time;
}

/** Of the 30th of February JavaScript makes the 2nd of March. */
function isDay(text: string): boolean {
  const day = Date.parse(text);
  return !Number.isNaN(day) && new Date(day).toISOString().startsWith(text);
}

/** The place that an id names; null when it names none. */
export function placeOf(id: string): LetterPlace | null {
  const [, partition, offset] = /^(\d{1,4})-(\d{1,16})$/.exec(id) ?? [];
  const place = { partition: Number(partition), offset: Number(offset) };
  return partition !== undefined && Number.isSafeInteger(place.offset) ? place : null;
}

export const letterId = ({ partition, offset }: LetterPlace): string => `${partition}-${offset}`;

/** A cursor: of each partition the letters before this one. Throws 400 when it names one twice. */
export function readCursor(text: string | undefined): Positions {
  const positions = new Map<number, number>();
  for (const id of text?.split(',') ?? []) {
    const place = placeOf(id);
    if (place === null || positions.has(place.partition)) {
      throw new HttpError(400, 'BAD_CURSOR', 'before is not one that this service gave');
    }
    positions.set(place.partition, place.offset);
  }
  return positions;
}

export function writeCursor(positions: Positions): string {
  return [...positions].map(([partition, offset]) => letterId({ partition, offset })).join(',');
}

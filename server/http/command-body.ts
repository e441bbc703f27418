// The bodies of commands as they come from outside, and what they ask for.
import { type Static, Type } from 'typebox';
import type { LetterFilter } from '../log/selection.ts';
import type { LetterSelection, RedriveRequest } from './commands.ts';
import { HttpError } from './http-error.ts';
import { CODE, GROUP_LENGTH, ID, placeOf, TIME, timeRange } from './letter-query.ts';

const Closed = { additionalProperties: false } as const;
/** A day: long enough to think again. */
const MAX_DELAY_MS = 86_400_000;
const DEFAULT_RATE = 50;
const DEFAULT_MAX_REDRIVES = 3;

/** Letters that can be named at once; the size of the body is the narrower limit. */
const MAX_IDS = 1000;

export const Why = Type.String({ maxLength: 500, pattern: '^[^\\u0000-\\u001f\\u007f]*$' });

const how = {
  /** Letters a second; null: no limit. */
  rate: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000 }), Type.Null()])),
  /** Nothing is sent before so many ms have passed: time to cancel. */
  delayMs: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_DELAY_MS })),
  maxRedrives: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  dryRun: Type.Optional(Type.Boolean()),
  why: Type.Optional(Why),
};

export const RedriveBody = Type.Object(
  {
    selection: Type.Object(
      {
        ids: Type.Optional(
          Type.Array(Type.String({ pattern: `^${ID}$` }), {
            minItems: 1,
            maxItems: MAX_IDS,
            uniqueItems: true,
          }),
        ),
        filter: Type.Optional(
          Type.Object(
            {
              code: Type.Optional(Type.String({ pattern: CODE })),
              group: Type.Optional(Type.String({ minLength: 1, maxLength: GROUP_LENGTH })),
              from: Type.Optional(Type.String({ pattern: TIME })),
              to: Type.Optional(Type.String({ pattern: TIME })),
              q: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
            },
            Closed,
          ),
        ),
      },
      { ...Closed, minProperties: 1, maxProperties: 1 },
    ),
    canary: Type.Optional(
      Type.Union([
        Type.Object(
          {
            count: Type.Integer({ minimum: 1, maximum: 100_000 }),
            maxFailed: Type.Number({ minimum: 0, maximum: 1 }),
          },
          Closed,
        ),
        Type.Null(),
      ]),
    ),
    ...how,
  },
  Closed,
);
export type RedriveBody = Static<typeof RedriveBody>;

/** An edited value: `json` in the terms of the schema, or all of its bytes. */
export const EditBody = Type.Object(
  {
    value: Type.Object(
      {
        json: Type.Optional(Type.Unknown()),
        base64: Type.Optional(
          Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$', maxLength: 87_384 }),
        ),
      },
      { ...Closed, minProperties: 1, maxProperties: 1 },
    ),
    ...how,
  },
  Closed,
);
export type EditBody = Static<typeof EditBody>;

export const PauseBody = Type.Object(
  {
    partitions: Type.Optional(
      Type.Union([
        Type.Array(Type.Integer({ minimum: 0, maximum: 9999 }), {
          minItems: 1,
          maxItems: 1000,
          uniqueItems: true,
        }),
        Type.Null(),
      ]),
    ),
    why: Type.String({ minLength: 1, maxLength: 500, pattern: '^[^\\u0000-\\u001f\\u007f]*$' }),
  },
  Closed,
);
export type PauseBody = Static<typeof PauseBody>;

type How = Pick<EditBody, 'rate' | 'delayMs' | 'maxRedrives' | 'why'>;

/** How a redrive is to be carried out, with what is not said filled in; `now` in ms since 1970. */
export function redriveRequest(
  selection: LetterSelection,
  { rate, delayMs, maxRedrives, why, canary }: How & Pick<RedriveBody, 'canary'>,
  now: number,
  value: Buffer | null = null,
): RedriveRequest {
  return {
    selection,
    rate: rate === undefined ? DEFAULT_RATE : rate,
    notBefore: delayMs === undefined || delayMs === 0 ? 0 : now + delayMs,
    canary: canary ?? null,
    maxRedrives: maxRedrives ?? DEFAULT_MAX_REDRIVES,
    value,
    why: why ?? '',
  };
}

/** Throws 400 for what the schema cannot say. */
export function selectionOf({ ids, filter }: RedriveBody['selection']): LetterSelection {
  if (filter !== undefined) return { filter: filterOf(filter) };
  const places = (ids ?? []).map((id) => {
    const place = placeOf(id);
    if (place === null) throw new HttpError(400, 'BAD_BODY', 'an offset in ids is above 2^53');
    return place;
  });
  return { places };
}

function filterOf({
  from,
  to,
  ...rest
}: NonNullable<RedriveBody['selection']['filter']>): LetterFilter {
  return { ...rest, ...timeRange(from, to) };
}

type SchemaFault = { instancePath: string; message?: string; keyword: string };

/** What is wrong with a body, in words made of the schema's own names: nothing of the body is repeated. */
export function badBody(faults: readonly SchemaFault[]): HttpError {
  const [fault] = faults;
  const where = (fault?.instancePath ?? '').slice(1).replaceAll('/', '.') || 'the body';
  const words =
    fault?.keyword === 'additionalProperties'
      ? `${where} has a member that is not known here`
      : `${where} ${fault?.message ?? 'is not what it must be'}`;
  return new HttpError(400, 'BAD_BODY', words);
}

// What HTTP says of commands: redrives, paused partitions, and whether this instance takes any.
import { type Static, Type } from 'typebox';
import { DecodedValue, FieldDifference } from './contract-letters.ts';

const Closed = { additionalProperties: false } as const;

/** What was selected: letters by name, or all that the filter takes. */
const ShownSelection = Type.Union([
  Type.Object({ ids: Type.Array(Type.String()) }, Closed),
  Type.Object(
    {
      filter: Type.Object(
        {
          code: Type.Optional(Type.String()),
          group: Type.Optional(Type.String()),
          from: Type.Optional(Type.String()),
          to: Type.Optional(Type.String()),
          q: Type.Optional(Type.String()),
        },
        Closed,
      ),
    },
    Closed,
  ),
]);

const CanaryShown = Type.Object({ count: Type.Integer(), maxFailed: Type.Number() }, Closed);

/**
 * A redrive and what became of it: `sent = waiting + processed + failedAgain`. Letters that another
 * command sent before are in `selected` alone.
 */
export const RedriveShown = Type.Object(
  {
    id: Type.String(),
    at: Type.String(),
    /** Who asked, as he says himself, and from which address. */
    by: Type.String(),
    from: Type.String(),
    why: Type.String(),
    state: Type.Union([
      Type.Literal('waiting'),
      Type.Literal('sending'),
      Type.Literal('sent'),
      Type.Literal('done'),
      Type.Literal('cancelled'),
      Type.Literal('stopped'),
    ]),
    /** What it waits for, or why it ended as it did, in words. */
    reason: Type.Union([Type.String(), Type.Null()]),
    selection: ShownSelection,
    /** Letters a second; null: no limit. */
    rate: Type.Union([Type.Number(), Type.Null()]),
    /** Nothing is sent before; null: at once. */
    notBefore: Type.Union([Type.String(), Type.Null()]),
    canary: Type.Union([CanaryShown, Type.Null()]),
    maxRedrives: Type.Integer(),
    /** Its one letter was sent with another value. */
    edited: Type.Boolean(),
    selected: Type.Integer(),
    sent: Type.Integer(),
    waiting: Type.Integer(),
    processed: Type.Integer(),
    failedAgain: Type.Integer(),
  },
  Closed,
);

/** `GET /redrives`: newest first. */
export const Redrives = Type.Object(
  { total: Type.Integer(), redrives: Type.Array(RedriveShown) },
  Closed,
);

const counts = {
  selected: Type.Integer(),
  alreadyRedriven: Type.Integer(),
  parked: Type.Integer(),
  /** Of another group, cut when they were written, or a second letter for one order. */
  leftOut: Type.Integer(),
};

/** `POST /redrives`: 202 with the id of the command; 200 without one for a dry run. */
export const RedriveAnswer = Type.Object(
  {
    id: Type.Union([Type.String(), Type.Null()]),
    ...counts,
    /** Ids of the first letters that are selected. */
    sample: Type.Array(Type.String()),
    byPartition: Type.Array(Type.Object({ partition: Type.Integer(), ...counts }, Closed)),
  },
  Closed,
);

/** `PUT /dlq/:id/redrive`: the same, with the value that is sent and how it differs from the letter's. */
export const EditAnswer = Type.Object(
  { ...RedriveAnswer.properties, decoded: DecodedValue, difference: Type.Array(FieldDifference) },
  Closed,
);

/** A partition that takes no new orders; retries go on. */
export const PausedShown = Type.Object(
  {
    partition: Type.Integer(),
    at: Type.String(),
    by: Type.String(),
    why: Type.String(),
    /** It was the breaker, not a person. */
    breaker: Type.Boolean(),
  },
  Closed,
);

/** `POST /pause`, `POST /resume`: the partitions that were changed, and all that are paused now. */
export const PauseAnswer = Type.Object(
  { changed: Type.Array(Type.Integer()), paused: Type.Array(PausedShown) },
  Closed,
);

/** `POST /teach`: how many orders were sent. */
export const TeachAnswer = Type.Object({ sent: Type.Integer() }, Closed);

/** Whether commands are taken: from pages of this machine, with the token only, or from nobody. */
export const Writing = Type.Object(
  {
    mode: Type.Union([Type.Literal('open'), Type.Literal('token'), Type.Literal('off')]),
    /** Why not, or what it takes, in words; null when nothing. */
    why: Type.Union([Type.String(), Type.Null()]),
  },
  Closed,
);

export type RedriveShown = Static<typeof RedriveShown>;
export type Redrives = Static<typeof Redrives>;
export type RedriveAnswer = Static<typeof RedriveAnswer>;
export type EditAnswer = Static<typeof EditAnswer>;
export type PausedShown = Static<typeof PausedShown>;
export type PauseAnswer = Static<typeof PauseAnswer>;
export type TeachAnswer = Static<typeof TeachAnswer>;
export type Writing = Static<typeof Writing>;

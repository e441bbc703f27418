// What HTTP says of one order: every record that carried it, and what became of each.
import { type Static, Type } from 'typebox';
import { DecodedValue, LetterItem, RedriveStamp } from './contract-letters.ts';

const Closed = { additionalProperties: false } as const;
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

/**
 * What became of a record. `before`: it stands before the group's first; `unread`: not taken yet; `copy`: a
 * second record of one redrive, passed over; `foreign`: another group redrove it; `unknown`: `why` says why.
 */
export const Fate = Type.Union([
  Type.Literal('before'),
  Type.Literal('unread'),
  Type.Literal('lost'),
  Type.Literal('copy'),
  Type.Literal('foreign'),
  Type.Literal('waiting'),
  Type.Literal('counted'),
  Type.Literal('dead-lettered'),
  Type.Literal('unknown'),
]);

/** An order that waits, as the checkpoint has it. */
export const WaitingShown = Type.Object(
  {
    attempts: Type.Integer(),
    firstFailedAt: Type.String(),
    /** When it was to be tried again; null when it is given up, and its dead letter not read back. */
    nextAttemptAt: orNull(Type.String()),
    error: Type.String(),
  },
  Closed,
);

/** One record of the topic of orders, and its dead letter. */
export const OrderLife = Type.Object(
  {
    partition: Type.Integer(),
    offset: Type.Integer(),
    /** The record itself; null when it is there no more, and only its dead letter tells of it. */
    record: orNull(Type.Object({ timestamp: Type.String(), decoded: DecodedValue }, Closed)),
    /** By what it was sent again; null for the first life. */
    redrive: orNull(RedriveStamp),
    fate: Fate,
    /** When the checkpoint was written that says so; null when none does. */
    asOf: orNull(Type.String()),
    /** Why its fate is not known, or a word on it; null when there is nothing to say. */
    why: orNull(Type.String()),
    waiting: orNull(WaitingShown),
    letter: orNull(
      Type.Object(
        {
          ...LetterItem.properties,
          firstFailedAt: orNull(Type.String()),
          lastFailedAt: orNull(Type.String()),
        },
        Closed,
      ),
    ),
  },
  Closed,
);

/** How much of a topic was looked through, the newest first: `read` of `total` offsets. */
export const Looked = Type.Object(
  {
    topic: Type.String(),
    read: Type.Integer(),
    total: Type.Integer(),
    /** Why not all of it, in words; empty when it was all. */
    missing: Type.Array(Type.String()),
  },
  Closed,
);

/** `GET /api/orders?id=`: the lives of the order, by partition, in each the oldest first. */
export const OrderLives = Type.Object(
  {
    id: Type.String(),
    lives: Type.Array(OrderLife),
    /** Dead letters that name the order and are none of this group's. */
    others: Type.Array(LetterItem),
    looked: Type.Array(Looked),
  },
  Closed,
);

export type Fate = Static<typeof Fate>;
export type OrderLife = Static<typeof OrderLife>;
export type Looked = Static<typeof Looked>;
export type OrderLives = Static<typeof OrderLives>;

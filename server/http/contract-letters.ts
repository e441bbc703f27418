// What HTTP says of dead letters: the schema of every answer.
import { type Static, Type } from 'typebox';

const Closed = { additionalProperties: false } as const;
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

const Stage = Type.Union([
  Type.Literal('decode'),
  Type.Literal('validate'),
  Type.Literal('process'),
]);

const Disposition = Type.Union([
  Type.Literal('undecodable'),
  Type.Literal('invalid'),
  Type.Literal('permanent'),
  Type.Literal('retries_exhausted'),
]);

/**
 * One dead letter of `GET /dlq`. `orderId`, `reason` and `timestamp` (when it was given up, ISO 8601)
 * are a published contract. `id` is its place in the dead-letter topic, `partition-offset`.
 */
export const DeadLetterItem = Type.Object(
  {
    id: Type.String(),
    orderId: Type.Union([Type.String(), Type.Null()]),
    /** The code of the reason and where it was noticed; null for records that did not come from this service. */
    code: Type.Union([Type.String(), Type.Null()]),
    stage: Type.Union([Stage, Type.Null()]),
    reason: Type.String(),
    timestamp: Type.String(),
    /** Where the original record stands; null for records that did not come from this service. */
    origin: Type.Union([
      Type.Null(),
      Type.Object(
        { topic: Type.String(), partition: Type.Integer(), offset: Type.Integer() },
        Closed,
      ),
    ]),
    disposition: Type.Union([Disposition, Type.Null()]),
    attempts: Type.Union([Type.Integer(), Type.Null()]),
    /** Of the trace that the record names by `traceparent`; absent when it names none. */
    traceId: Type.Optional(Type.String()),
  },
  Closed,
);

/**
 * What has become of a dead letter. `parked`: it came back so often that it is not sent again unless it
 * is named; `redriven`: it is an order again, and has not become a dead letter since.
 */
export const LetterState = Type.Union([
  Type.Literal('open'),
  Type.Literal('redriven'),
  Type.Literal('failed-again'),
  Type.Literal('parked'),
]);

/** How much of the dead-letter topic the index holds. */
export const IndexReach = Type.Object(
  {
    /** Letters held, the newest; `older` ones were counted and are not found by page, group or export. */
    held: Type.Integer(),
    older: Type.Integer(),
    /** Of `total` offsets so many have been read. */
    read: Type.Integer(),
    total: Type.Integer(),
    complete: Type.Boolean(),
    /** Partitions that cannot be read, in words. */
    problems: Type.Array(Type.String()),
  },
  Closed,
);

const known = {
  /** The kind of reason; null when it is not indexed. */
  group: orNull(Type.String()),
  /** Null when the index does not hold the letter. */
  state: orNull(LetterState),
};

/** A dead letter in a list. */
export const LetterItem = Type.Object({ ...DeadLetterItem.properties, ...known }, Closed);

/** `GET /dlq`: newest first; the header `Link` has the next page, `Dead-Letters` what the index holds. */
export const LetterItems = Type.Array(LetterItem);

/** `GET /dlq/groups`: those with most letters first. */
export const LetterGroups = Type.Object(
  {
    groups: Type.Array(
      Type.Object(
        {
          group: Type.String(),
          code: orNull(Type.String()),
          letters: Type.Integer(),
          open: Type.Integer(),
          redriven: Type.Integer(),
          failedAgain: Type.Integer(),
          parked: Type.Integer(),
          /** Of the letters that were read since this instance started; null: none of them tells a time. */
          first: orNull(Type.String()),
          last: orNull(Type.String()),
          /** How many were given up in each five minutes of the last hour, the oldest first; of those that were read. */
          lastHour: Type.Array(Type.Integer()),
        },
        Closed,
      ),
    ),
    /** Groups there are in all; letters for whose groups there is no room. */
    total: Type.Integer(),
    ungrouped: Type.Integer(),
    index: IndexReach,
  },
  Closed,
);

/** Bytes as they stand in the record; `text` when they are UTF-8. */
export const Bytes = Type.Object(
  { bytes: Type.Integer(), base64: Type.String(), text: orNull(Type.String()) },
  Closed,
);

/** How a value says which schema it was written with. */
export const FramingName = Type.Union([
  Type.Literal('raw'),
  Type.Literal('single-object'),
  Type.Literal('registry'),
]);

/** What a value says of its schema, and the schema, where it is known. */
export const WriterShown = Type.Object(
  {
    framing: FramingName,
    /** In the registry. */
    id: orNull(Type.Integer()),
    fingerprint: orNull(Type.String()),
    name: orNull(Type.String()),
    schema: Type.Unknown(),
  },
  Closed,
);

/** A value in the terms of its schema, as far as it can be decoded. */
export const DecodedValue = Type.Object(
  {
    /** The name of the one that orders are read with. */
    schema: Type.String(),
    /** The schema it was written with; null when it has no bytes. */
    writer: orNull(WriterShown),
    /** The fields in order; a number that JSON does not have is a text, bytes are hexadecimal. */
    fields: Type.Array(
      Type.Object(
        { name: Type.String(), value: Type.Unknown(), at: orNull(Type.Integer()) },
        Closed,
      ),
    ),
    /** Why it is no value of the schema, in words; null when it is one. */
    fault: orNull(Type.String()),
    /** The byte at which decoding stopped; null when it came to the end. */
    stoppedAt: orNull(Type.Integer()),
  },
  Closed,
);

/** Which command sent an order again. */
export const RedriveStamp = Type.Object(
  { id: Type.String(), by: Type.String(), at: Type.String(), count: Type.Integer() },
  Closed,
);

/** Another life of the same order; `gone`: retention has taken the letter. */
export const LetterLife = Type.Object(
  {
    id: Type.String(),
    gone: Type.Boolean(),
    timestamp: orNull(Type.String()),
    reason: orNull(Type.String()),
    /** By what it was sent again to become this letter; null for the first life. */
    redrive: orNull(RedriveStamp),
  },
  Closed,
);

/** `GET /dlq/:id`. */
export const LetterDetail = Type.Object(
  {
    ...DeadLetterItem.properties,
    ...known,
    /** It is a second letter for an order that has one already, and cannot be redriven. */
    copy: Type.Boolean(),
    key: orNull(Bytes),
    value: orNull(Bytes),
    decoded: DecodedValue,
    /** All in order, repeated names too. */
    headers: Type.Array(Type.Object({ name: Bytes, value: orNull(Bytes) }, Closed)),
    redrive: orNull(RedriveStamp),
    /** Lives before, the oldest first, and after, the next first. */
    earlier: Type.Array(LetterLife),
    later: Type.Array(LetterLife),
  },
  Closed,
);

/** A field of an edited value that is not what it was; absent before or after: null. */
export const FieldDifference = Type.Object(
  { field: Type.String(), before: Type.Unknown(), after: Type.Unknown() },
  Closed,
);

export type DeadLetterItem = Static<typeof DeadLetterItem>;
export type LetterState = Static<typeof LetterState>;
export type IndexReach = Static<typeof IndexReach>;
export type LetterItem = Static<typeof LetterItem>;
export type LetterGroups = Static<typeof LetterGroups>;
export type WriterShown = Static<typeof WriterShown>;
export type Bytes = Static<typeof Bytes>;
export type DecodedValue = Static<typeof DecodedValue>;
export type RedriveStamp = Static<typeof RedriveStamp>;
export type LetterLife = Static<typeof LetterLife>;
export type LetterDetail = Static<typeof LetterDetail>;
export type FieldDifference = Static<typeof FieldDifference>;

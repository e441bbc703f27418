// What the service says over HTTP: the schema of every response and stream event. The types derive
// from the schemas; the client imports the types and nothing else. Which figures an order comes to,
// orders/contract.ts says.
import { type Static, Type } from 'typebox';
import { ProductAverage, Totals } from '../orders/contract.ts';
import { PausedShown, RedriveShown, Writing } from './contract-commands.ts';
import { DeadLetterItem, FramingName } from './contract-letters.ts';

const Closed = { additionalProperties: false } as const;

/**
 * Where every order below the next offsets is: `counted + deadLettered + pending` equals
 * `read - gaps - lost - copies - foreign`, always. `read` is the sum of (next offset - start) over the partitions.
 */
export const Balance = Type.Object(
  {
    read: Type.Integer(),
    counted: Type.Integer(),
    deadLettered: Type.Integer(),
    pending: Type.Integer(),
    gaps: Type.Integer(),
    lost: Type.Integer(),
    /** Redriven records of orders that had been redriven before, and those of other groups. */
    copies: Type.Integer(),
    foreign: Type.Integer(),
    corrections: Type.Integer(),
  },
  Closed,
);

/** One partition of `orders`: the checkpoint its figures come from. */
export const PartitionAsOf = Type.Object(
  {
    partition: Type.Integer(),
    nextOffset: Type.Integer(),
    highWatermark: Type.Integer(),
    writtenAt: Type.Union([Type.String(), Type.Null()]),
    /** The instance that wrote it. */
    owner: Type.String(),
    /** Orders that wait for a retry, or for their dead letter to be read back. */
    pending: Type.Integer(),
  },
  Closed,
);

/**
 * How far one partition of `orders` is ahead of its last checkpoint. The end is asked for about once
 * a second, whoever works on the partition; null once nothing was heard of it for five seconds.
 */
export const PartitionLag = Type.Object(
  {
    partition: Type.Integer(),
    /** Where the next order will be written (the high watermark). */
    endOffset: Type.Union([Type.Integer(), Type.Null()]),
    /** Orders between the head checkpoint and the end. */
    lag: Type.Union([Type.Integer(), Type.Null()]),
    /**
     * Since when the first of them was seen to stand there, to a second (ISO 8601); `orBefore` when it
     * did already as this instance first looked. Null when there is none, or it is not known.
     */
    firstUnread: Type.Union([
      Type.Null(),
      Type.Object({ since: Type.String(), orBefore: Type.Boolean() }, Closed),
    ]),
  },
  Closed,
);

/** What became of all that was read, whatever it is. */
const account = { retries: Type.Integer(), balance: Balance, asOf: Type.Array(PartitionAsOf) };
export const Account = Type.Object(account, Closed);

const totals = Totals.properties;

/** What is true of all orders together. */
export const Figures = Type.Object({ ...totals, ...account }, Closed);

/** `GET /metrics`, every product. The first three keys are a published contract; the rest may grow. */
export const Metrics = Type.Object(
  { ...totals, perProduct: Type.Record(Type.String(), ProductAverage), ...account },
  Closed,
);

/**
 * The figures with the 1,000 products that have most orders (equal counts: by name, in the order of
 * UTF-16 code units); `productCount` is how many there are in all. The others: `GET /api/products`.
 */
export const ShownMetrics = Type.Object(
  {
    ...totals,
    productCount: Type.Integer(),
    perProduct: Type.Record(Type.String(), ProductAverage),
    ...account,
  },
  Closed,
);

/** What changed of them: at most 200 products; null for one that is no longer among those shown. */
export const ChangedMetrics = Type.Object(
  {
    ...totals,
    productCount: Type.Integer(),
    perProduct: Type.Record(Type.String(), Type.Union([ProductAverage, Type.Null()])),
    ...account,
  },
  Closed,
);

/** One product of a page. */
export const ProductRow = Type.Object(
  { product: Type.String(), ...ProductAverage.properties },
  Closed,
);

/**
 * `GET /api/products?page=1&size=50&sort=count&order=desc&filter=`: one page of all products.
 * `matching` of the `productCount` contain the filter, in whatever case; a page beyond them is empty.
 */
export const ProductPage = Type.Object(
  {
    productCount: Type.Integer(),
    matching: Type.Integer(),
    products: Type.Array(ProductRow),
  },
  Closed,
);

/** Dead letters, newest first. */
export const DeadLetters = Type.Array(DeadLetterItem);

/** What this instance knows about itself and its Kafka; never part of `/metrics`. */
export const Status = Type.Object(
  {
    phase: Type.Union([
      Type.Literal('starting'),
      Type.Literal('ready'),
      Type.Literal('not-ready'),
      Type.Literal('stopping'),
    ]),
    /** Why it is not ready, in words; empty when ready. */
    reasons: Type.Array(Type.String()),
    /** What is worth knowing and keeps nothing from being ready, in words. */
    notes: Type.Array(Type.String()),
    /** Partitions of this instance that have stopped by themselves, and why; `reasons` has them too. */
    stopped: Type.Array(Type.Object({ partition: Type.Integer(), reason: Type.String() }, Closed)),
    kafka: Type.Object(
      {
        brokers: Type.String(),
        embedded: Type.Boolean(),
        /** Where the embedded broker keeps what it holds; null for another one, of which nobody here knows. */
        storage: Type.Union([Type.Literal('folder'), Type.Literal('memory'), Type.Null()]),
        up: Type.Boolean(),
        /** When `up` last changed, ISO 8601. */
        since: Type.String(),
        error: Type.Union([Type.String(), Type.Null()]),
      },
      Closed,
    ),
    topic: Type.String(),
    deadLetterTopic: Type.String(),
    group: Type.String(),
    startedAt: Type.String(),
    /** Commands that fit the way this server was started; empty where there is none to give. */
    hints: Type.Object(
      { start: Type.String(), produce: Type.String(), kafka: Type.String() },
      Closed,
    ),
  },
  Closed,
);

/** What the instance that is asked does with one partition of its own, at this moment. */
export const PartitionWork = Type.Object(
  {
    partition: Type.Integer(),
    /** Orders that the handler was called for and has not answered. */
    inFlight: Type.Integer(),
    /** Orders that wait for their next attempt, or for their turn. */
    retrying: Type.Integer(),
    /** Orders that were given up, and whose dead letter was not read back yet. */
    givenUp: Type.Integer(),
    /** Since when the first of them has waited, to a second (ISO 8601); null when none waits. */
    oldest: Type.Union([Type.String(), Type.Null()]),
  },
  Closed,
);

/**
 * `GET /api/snapshot` and the stream's `snapshot` event: everything the page shows. `epoch` names
 * this process and orders nothing, because a clock can be set back. Within one epoch `seq` grows with
 * every message, and the greatest wins.
 */
export const Snapshot = Type.Object(
  {
    epoch: Type.Integer(),
    seq: Type.Integer(),
    /** The clock of this server when the message was made, ms since 1970: times in it are seen from here. */
    at: Type.Integer(),
    /** Null until everything that stood in the topics at the start has been read: nothing is known. */
    metrics: Type.Union([ShownMetrics, Type.Null()]),
    /** Newest first, at most 50; none while `metrics` is null. */
    deadLetters: DeadLetters,
    /** How many dead letters have been shown since this process started; it only grows. */
    arrivals: Type.Integer(),
    /** Orders per second of the whole group over the last seconds; null while unknown. */
    throughput: Type.Union([Type.Number(), Type.Null()]),
    /** Every partition of `orders`, in order. */
    lag: Type.Array(PartitionLag),
    /** The partitions of this instance; the others are worked on elsewhere, of which nothing is known here. */
    work: Type.Array(PartitionWork),
    status: Status,
    /** The newest redrives first, at most 20, with what became of them so far. */
    redrives: Type.Array(RedriveShown),
    /** Partitions of `orders` that take no new orders. */
    paused: Type.Array(PausedShown),
    writing: Writing,
  },
  Closed,
);

/**
 * The stream's `delta` event: what changed since message `base` of the same epoch. Absent members
 * are unchanged; `perProduct` holds changed products only, what is more than 200 comes with the next
 * ones; `deadLetters` only the new ones.
 */
export const Delta = Type.Object(
  {
    epoch: Type.Integer(),
    base: Type.Integer(),
    seq: Type.Integer(),
    at: Type.Integer(),
    metrics: Type.Optional(ChangedMetrics),
    deadLetters: Type.Optional(DeadLetters),
    arrivals: Type.Optional(Type.Integer()),
    throughput: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
    lag: Type.Optional(Type.Array(PartitionLag)),
    work: Type.Optional(Type.Array(PartitionWork)),
    status: Type.Optional(Status),
    redrives: Type.Optional(Type.Array(RedriveShown)),
    paused: Type.Optional(Type.Array(PausedShown)),
  },
  Closed,
);

/**
 * `GET /schema`: what orders are read with, and what this instance has decoded since its start; an order
 * that is tried again counts again. Values whose schema nobody knows are one row without id and fingerprint.
 */
export const Schemas = Type.Object(
  {
    reader: Type.Object({ fingerprint: Type.String(), schema: Type.Unknown() }, Closed),
    /** Null when none is set. */
    registry: Type.Union([Type.String(), Type.Null()]),
    writers: Type.Array(
      Type.Object(
        {
          framing: FramingName,
          /** In the registry. */
          id: Type.Union([Type.Integer(), Type.Null()]),
          /** CRC-64-AVRO, 16 hexadecimal digits. */
          fingerprint: Type.Union([Type.String(), Type.Null()]),
          name: Type.Union([Type.String(), Type.Null()]),
          decoded: Type.Integer(),
          refused: Type.Integer(),
        },
        Closed,
      ),
    ),
  },
  Closed,
);

/** `GET /health/*`: `reasons` and, of readiness, `notes` as in the status. */
export const Health = Type.Object(
  {
    status: Type.String(),
    reasons: Type.Array(Type.String()),
    notes: Type.Optional(Type.Array(Type.String())),
  },
  Closed,
);

export const ErrorBody = Type.Object({ error: Type.String(), message: Type.String() }, Closed);

export {
  ProductAverage,
  type ProductQuery,
  SORT_KEYS,
  type SortKey,
} from '../orders/contract.ts';
export type Balance = Static<typeof Balance>;
export type PartitionAsOf = Static<typeof PartitionAsOf>;
export type PartitionLag = Static<typeof PartitionLag>;
export type PartitionWork = Static<typeof PartitionWork>;
export type Account = Static<typeof Account>;
export type Figures = Static<typeof Figures>;
export type Metrics = Static<typeof Metrics>;
export type ShownMetrics = Static<typeof ShownMetrics>;
export type ChangedMetrics = Static<typeof ChangedMetrics>;
export type ProductRow = Static<typeof ProductRow>;
export type ProductPage = Static<typeof ProductPage>;
export type { DeadLetterItem } from './contract-letters.ts';
export type Status = Static<typeof Status>;
export type Snapshot = Static<typeof Snapshot>;
export type Delta = Static<typeof Delta>;
export type Schemas = Static<typeof Schemas>;
export type Health = Static<typeof Health>;
export type ErrorBody = Static<typeof ErrorBody>;

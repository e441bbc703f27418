// The requests we send ourselves: Fetch v11, ListOffsets v3, Produce v7.
import type { AbortedTransaction } from '../record-batch/record.ts';
import type { TopicPartition } from '../stream/log.ts';
import type { Exchange } from './cluster.ts';
import { createWireReader, createWireWriter, type WireReader } from './wire.ts';

const NOT_A_REPLICA = -1;
const READ_COMMITTED = 1;
const READ_UNCOMMITTED = 0;

/** Error codes we act on: https://kafka.apache.org/protocol#protocol_error_codes */
export const ErrorCode = {
  NONE: 0,
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  MESSAGE_TOO_LARGE: 10,
  RECORD_LIST_TOO_LARGE: 18,
  INVALID_TIMESTAMP: 32,
} as const;

const NAMES: Readonly<Record<number, string>> = {
  1: 'OFFSET_OUT_OF_RANGE',
  3: 'UNKNOWN_TOPIC_OR_PARTITION',
  5: 'LEADER_NOT_AVAILABLE',
  6: 'NOT_LEADER_OR_FOLLOWER',
  7: 'REQUEST_TIMED_OUT',
  9: 'REPLICA_NOT_AVAILABLE',
  10: 'MESSAGE_TOO_LARGE',
  17: 'INVALID_TOPIC',
  18: 'RECORD_LIST_TOO_LARGE',
  19: 'NOT_ENOUGH_REPLICAS',
  20: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  29: 'TOPIC_AUTHORIZATION_FAILED',
  56: 'KAFKA_STORAGE_ERROR',
  74: 'FENCED_LEADER_EPOCH',
  75: 'UNKNOWN_LEADER_EPOCH',
  76: 'UNSUPPORTED_COMPRESSION_TYPE',
  78: 'OFFSET_NOT_AVAILABLE',
  87: 'INVALID_RECORD',
};

/** A code in words a person can look up. */
export function errorName(code: number): string {
  return `${NAMES[code] ?? 'error'} (${code})`;
}

export type FetchPosition = TopicPartition & { readonly offset: number };

/** One partition's part of a Fetch answer; `bytes` is a view into the answer. */
export type FetchedPartition = TopicPartition & {
  readonly error: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly bytes: Buffer;
};

function byTopic<T extends TopicPartition>(items: readonly T[]): [string, T[]][] {
  const topics = new Map<string, T[]>();
  for (const item of items) {
    const same = topics.get(item.topic);
    if (same) same.push(item);
    else topics.set(item.topic, [item]);
  }
  return [...topics];
}

/** A sessionless long poll, read_committed. */
export function fetchExchange(
  positions: readonly FetchPosition[],
  limits: { maxWaitMs: number; maxBytes: number; maxPartitionBytes: number },
): Exchange<FetchedPartition[]> {
  const writer = createWireWriter();
  writer.int32(NOT_A_REPLICA);
  writer.int32(limits.maxWaitMs);
  writer.int32(1);
  writer.int32(limits.maxBytes);
  writer.int8(READ_COMMITTED);
  writer.int32(0);
  writer.int32(-1);
  writer.array(byTopic(positions), ([topic, partitions]) => {
    writer.string(topic);
    writer.array(partitions, ({ partition, offset }) => {
      writer.int32(partition);
      writer.int32(-1);
      writer.int64(offset);
      writer.int64(-1);
      writer.int32(limits.maxPartitionBytes);
    });
  });
  writer.array([], () => {});
  writer.string('');
  return {
    api: { key: 1, version: 11, name: 'Fetch' },
    body: writer.finish(),
    read: readFetchAnswer,
  };
}

/** The body of a Fetch v11 answer after the throttle time. */
export function readFetchAnswer(reader: WireReader): FetchedPartition[] {
  const error = reader.int16();
  reader.int32();
  const topics = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => readFetchedPartition(reader, topic));
  });
  const partitions = topics.flat();
  return error === 0 ? partitions : partitions.map((partition) => ({ ...partition, error }));
}

function readFetchedPartition(reader: WireReader, topic: string): FetchedPartition {
  const partition = reader.int32();
  const error = reader.int16();
  const highWatermark = reader.int64();
  const lastStableOffset = reader.int64();
  reader.int64();
  const aborted = reader.array(() => ({
    producerId: reader.int64(),
    firstOffset: reader.int64(),
  }));
  reader.int32();
  const bytes = reader.bytes();
  return { topic, partition, error, highWatermark, lastStableOffset, aborted, bytes };
}

type OffsetAnswer = { readonly error: number; readonly offset: number };

function readOnlyPartition(reader: WireReader, readOffset: () => number): OffsetAnswer {
  const [first] = reader.array(() => {
    reader.string();
    return reader.array(() => {
      reader.int32();
      return { error: reader.int16(), offset: readOffset() };
    });
  });
  return first?.[0] ?? { error: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, offset: -1 };
}

/** The low (`-2`) or high (`-1`) watermark of a partition. */
export function listOffsetsExchange(tp: TopicPartition, time: -1 | -2): Exchange<OffsetAnswer> {
  const writer = createWireWriter();
  writer.int32(NOT_A_REPLICA);
  writer.int8(READ_UNCOMMITTED);
  writer.array([tp], ({ topic, partition }) => {
    writer.string(topic);
    writer.array([partition], () => {
      writer.int32(partition);
      writer.int64(time);
    });
  });
  return {
    api: { key: 2, version: 3, name: 'ListOffsets' },
    body: writer.finish(),
    read: (reader) =>
      readOnlyPartition(reader, () => {
        reader.int64();
        return reader.int64();
      }),
  };
}

/** One batch for one partition, acks = all. */
export function produceExchange(
  { topic, partition }: TopicPartition,
  batch: Buffer,
  timeoutMs: number,
): Exchange<OffsetAnswer> {
  const writer = createWireWriter();
  writer.string(null);
  writer.int16(-1);
  writer.int32(timeoutMs);
  writer.array([topic], () => {
    writer.string(topic);
    writer.array([partition], () => {
      writer.int32(partition);
      writer.bytes(batch);
    });
  });
  return {
    api: { key: 0, version: 7, name: 'Produce' },
    body: writer.finish(),
    read: (reader) =>
      readOnlyPartition(reader, () => {
        const offset = reader.int64();
        reader.int64();
        reader.int64();
        return offset;
      }),
  };
}

/** Reads an answer from bytes, throttle time included: what a test hands in. */
export function readFetchPayload(payload: Buffer): FetchedPartition[] {
  const reader = createWireReader(payload);
  reader.int32();
  return readFetchAnswer(reader);
}

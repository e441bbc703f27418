// The requests for records, Fetch and Produce, and the errors of all.

import type { TopicPartition } from '../log/ports.ts';
import type { AbortedTransaction } from '../record-batch/record.ts';
import type { Exchange } from './exchange.ts';
import { NO_RIGHT } from './kafkajs-error.ts';
import { createWireWriter, type WireReader } from './wire.ts';

export const NOT_A_REPLICA = -1;
const READ_COMMITTED = 1;
const SILENCE_MS = 10_000;

/** Error codes we act on: https://kafka.apache.org/protocol#protocol_error_codes */
export const ErrorCode = {
  UNKNOWN: -1,
  NONE: 0,
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  MESSAGE_TOO_LARGE: 10,
  RECORD_LIST_TOO_LARGE: 18,
  TOPIC_AUTHORIZATION_FAILED: 29,
  INVALID_TIMESTAMP: 32,
} as const;

const NAMES: Readonly<Record<number, string>> = {
  [-1]: 'UNKNOWN_SERVER_ERROR',
  1: 'OFFSET_OUT_OF_RANGE',
  2: 'CORRUPT_MESSAGE',
  3: 'UNKNOWN_TOPIC_OR_PARTITION',
  5: 'LEADER_NOT_AVAILABLE',
  6: 'NOT_LEADER_OR_FOLLOWER',
  7: 'REQUEST_TIMED_OUT',
  8: 'BROKER_NOT_AVAILABLE',
  9: 'REPLICA_NOT_AVAILABLE',
  10: 'MESSAGE_TOO_LARGE',
  17: 'INVALID_TOPIC',
  18: 'RECORD_LIST_TOO_LARGE',
  19: 'NOT_ENOUGH_REPLICAS',
  20: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  29: 'TOPIC_AUTHORIZATION_FAILED',
  32: 'INVALID_TIMESTAMP',
  35: 'UNSUPPORTED_VERSION',
  42: 'INVALID_REQUEST',
  44: 'POLICY_VIOLATION',
  56: 'KAFKA_STORAGE_ERROR',
  72: 'LISTENER_NOT_FOUND',
  74: 'FENCED_LEADER_EPOCH',
  75: 'UNKNOWN_LEADER_EPOCH',
  76: 'UNSUPPORTED_COMPRESSION_TYPE',
  78: 'OFFSET_NOT_AVAILABLE',
  87: 'INVALID_RECORD',
  100: 'UNKNOWN_TOPIC_ID',
};

/** A code in words a person can look up. */
export function errorName(code: number): string {
  const hint = code === ErrorCode.TOPIC_AUTHORIZATION_FAILED ? NO_RIGHT : '';
  return `${NAMES[code] ?? 'error'} (${code})${hint}`;
}

/** `epoch`: of the leader that is asked, as metadata gave it; -1 when that is not known. */
export type AtLeader = TopicPartition & { readonly epoch: number };
export type FetchPosition = AtLeader & { readonly offset: number };

/** One partition's part of a Fetch answer; `bytes` is a view into the answer. */
export type FetchedPartition = TopicPartition & {
  readonly error: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly bytes: Buffer;
};

/** Requests name a topic once. */
export function byTopic<T extends TopicPartition>(items: readonly T[]): [string, T[]][] {
  const topics = new Map<string, T[]>();
  for (const item of items) {
    const same = topics.get(item.topic);
    if (same) same.push(item);
    else topics.set(item.topic, [item]);
  }
  return [...topics];
}

/**
 * A sessionless long poll, read_committed. From version 11 on a follower answers too (KIP-392), also one
 * that lags: in version 10 only the leader does. A leader of another epoch refuses (KIP-320), be it that
 * it was replaced and has not heard of it.
 */
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
    writer.array(partitions, ({ partition, epoch, offset }) => {
      writer.int32(partition);
      writer.int32(epoch);
      writer.int64(offset);
      writer.int64(-1);
      writer.int32(limits.maxPartitionBytes);
    });
  });
  writer.array([], () => {});
  return {
    api: { key: 1, version: 10, name: 'Fetch' },
    silenceMs: SILENCE_MS,
    body: writer.finish(),
    read: readFetchAnswer,
  };
}

/** The body of a Fetch v10 answer after the throttle time. */
function readFetchAnswer(reader: WireReader): FetchedPartition[] {
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
  const bytes = reader.bytes();
  return { topic, partition, error, highWatermark, lastStableOffset, aborted, bytes };
}

/** One batch for one partition, acks = all. */
export function produceExchange(
  { topic, partition }: TopicPartition,
  batch: Buffer,
  timeoutMs: number,
): Exchange<{ readonly error: number; readonly offset: number }> {
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
    // The broker itself answers after the timeout.
    silenceMs: timeoutMs + 5000,
    body: writer.finish(),
    read(reader) {
      const [first] = reader.array(() => {
        reader.string();
        return reader.array(() => {
          reader.int32();
          const error = reader.int16();
          const offset = reader.int64();
          for (let i = 0; i < 2; i += 1) reader.int64();
          return { error, offset };
        });
      });
      return first?.[0] ?? { error: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, offset: -1 };
    },
  };
}

// The other side of a fetch: what was asked for, and the bytes of an answer to it.
import type { FetchedPartition } from '../../server/kafka/protocol.ts';
import { createWireReader, createWireWriter } from '../../server/kafka/wire.ts';
import type { TopicPartition } from '../../server/log/ports.ts';

export type Asked = TopicPartition & { readonly offset: number };

/** The partitions of a Fetch v10 request. */
export function readFetchRequest(body: Buffer): {
  maxWaitMs: number;
  partitions: Asked[];
  /** Of the leader, by partition. */
  epochs: number[];
} {
  const reader = createWireReader(body);
  reader.int32();
  const maxWaitMs = reader.int32();
  for (let i = 0; i < 2; i++) reader.int32();
  reader.int8();
  for (let i = 0; i < 2; i++) reader.int32();
  const epochs: number[] = [];
  const topics = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => {
      const partition = reader.int32();
      epochs[partition] = reader.int32();
      const offset = reader.int64();
      reader.int64();
      reader.int32();
      return { topic, partition, offset };
    });
  });
  return { maxWaitMs, partitions: topics.flat(), epochs };
}

export type Part = TopicPartition & Partial<Omit<FetchedPartition, 'topic' | 'partition'>>;

/** A Fetch v10 answer, from the throttle time on. */
export function fetchAnswer(parts: readonly Part[], error = 0): Buffer {
  const writer = createWireWriter();
  writer.int32(0);
  writer.int16(error);
  writer.int32(0);
  writer.array(parts, (part) => {
    writer.string(part.topic);
    writer.array([part], ({ partition, error = 0, aborted = [], bytes = Buffer.alloc(0) }) => {
      writer.int32(partition);
      writer.int16(error);
      writer.int64(part.highWatermark ?? 0);
      writer.int64(part.lastStableOffset ?? 0);
      writer.int64(0);
      writer.array(aborted, ({ producerId, firstOffset }) => {
        writer.int64(producerId);
        writer.int64(firstOffset);
      });
      writer.bytes(bytes);
    });
  });
  return writer.finish();
}

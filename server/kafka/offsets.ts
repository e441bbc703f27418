// The requests for the ends of partitions: where they are, and to move the first one.
import type { TopicPartition } from '../log/ports.ts';
import type { Exchange } from './exchange.ts';
import { type AtLeader, byTopic, NOT_A_REPLICA } from './protocol.ts';
import { createWireWriter, type WireReader } from './wire.ts';

const READ_UNCOMMITTED = 0;
const SILENCE_MS = 5000;
const DELETE_WITHIN_MS = 5000;

/** What one partition answers: an offset, unless there is an error. */
export type PartitionOffset = TopicPartition & { readonly error: number; readonly offset: number };

function readPartitions(
  reader: WireReader,
  read: () => Omit<PartitionOffset, 'topic'>,
): PartitionOffset[] {
  const topics = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => ({ topic, ...read() }));
  });
  return topics.flat();
}

/** The low (`-2`) or high (`-1`) watermarks of partitions with one leader. */
export function listOffsetsExchange(
  partitions: readonly AtLeader[],
  time: -1 | -2,
): Exchange<PartitionOffset[]> {
  const writer = createWireWriter();
  writer.int32(NOT_A_REPLICA);
  writer.int8(READ_UNCOMMITTED);
  writer.array(byTopic(partitions), ([topic, same]) => {
    writer.string(topic);
    writer.array(same, ({ partition, epoch }) => {
      writer.int32(partition);
      writer.int32(epoch);
      writer.int64(time);
    });
  });
  return {
    api: { key: 2, version: 4, name: 'ListOffsets' },
    silenceMs: SILENCE_MS,
    body: writer.finish(),
    read: (reader) =>
      readPartitions(reader, () => {
        const partition = reader.int32();
        const error = reader.int16();
        reader.int64();
        const offset = reader.int64();
        reader.int32();
        return { partition, error, offset };
      }),
  };
}

/** Deletes the records of a partition below an offset; answers with the first one that is kept. */
export function deleteRecordsExchange(
  { topic, partition }: TopicPartition,
  below: number,
): Exchange<PartitionOffset[]> {
  const writer = createWireWriter();
  writer.array([topic], () => {
    writer.string(topic);
    writer.array([partition], () => {
      writer.int32(partition);
      writer.int64(below);
    });
  });
  writer.int32(DELETE_WITHIN_MS);
  return {
    api: { key: 21, version: 1, name: 'DeleteRecords' },
    silenceMs: DELETE_WITHIN_MS + SILENCE_MS,
    body: writer.finish(),
    read: (reader) =>
      readPartitions(reader, () => {
        const partition = reader.int32();
        const offset = reader.int64();
        return { partition, error: reader.int16(), offset };
      }),
  };
}

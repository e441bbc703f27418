// Metadata: where the brokers are, and of each topic its id and who leads its partitions. kafkajs asks in
// an old version, and takes one error for the error of everything.
import type { Exchange } from './exchange.ts';
import { readCompactArray, readCompactString, readTags, writeCompact } from './flexible.ts';
import type { Metadata } from './kafkajs-inside.ts';
import { createWireWriter, type WireReader } from './wire.ts';

export type PartitionMetadata = {
  readonly partition: number;
  readonly error: number;
  /** -1 when there is none. */
  readonly leader: number;
  /** Grows with each election; -1 when the broker does not tell (before version 7). */
  readonly epoch: number;
  /** How many brokers keep it, in sync or not. */
  readonly replicas: number;
};
export type TopicMetadata = {
  readonly topic: string;
  readonly error: number;
  /** UUID as 32 hex digits; null when the broker gives none (before version 10, KIP-516). */
  readonly id: string | null;
  readonly partitions: readonly PartitionMetadata[];
};
export type MetadataAnswer = Metadata & { readonly topics: readonly TopicMetadata[] };

const NO_ID = '0'.repeat(32);
const WITH_IDS = 10;
const WITH_EPOCHS = 7;
const PLAIN = 5;

/** Asks for topics in the best version up to `maxVersion`; nothing is created by being asked for. */
export function metadataExchange(
  topics: readonly string[],
  maxVersion: number,
): Exchange<MetadataAnswer> {
  const version = [WITH_IDS, WITH_EPOCHS].find((each) => each <= maxVersion) ?? PLAIN;
  const isFlexible = version === WITH_IDS;
  return {
    api: { key: 3, version, name: 'Metadata' },
    isFlexible,
    silenceMs: 5000,
    body: isFlexible ? flexibleRequest(topics) : plainRequest(topics),
    read: (reader) => (isFlexible ? readFlexible(reader) : readPlain(reader, version)),
  };
}

function plainRequest(topics: readonly string[]): Buffer {
  const writer = createWireWriter();
  writer.array(topics, writer.string);
  writer.int8(0);
  return writer.finish();
}

function flexibleRequest(topics: readonly string[]): Buffer {
  const writer = createWireWriter();
  const compact = writeCompact(writer);
  compact.array(topics, (topic) => {
    writer.raw(Buffer.alloc(16));
    compact.string(topic);
    compact.noTags();
  });
  // No creation by being asked for, and no operations that we may do.
  for (let i = 0; i < 3; i += 1) writer.int8(0);
  compact.noTags();
  return writer.finish();
}

function readPlain(reader: WireReader, version: number): MetadataAnswer {
  const node = () => reader.int32();
  const brokers = reader.array(() => ({
    nodeId: node(),
    host: reader.string(),
    port: reader.int32(),
    rack: reader.string() || null,
  }));
  reader.string();
  node();
  const topics = reader.array(() => {
    const error = reader.int16();
    const topic = reader.string();
    reader.int8();
    const partitions = reader.array(() => {
      const error = reader.int16();
      const partition = reader.int32();
      const leader = node();
      const epoch = version >= WITH_EPOCHS ? reader.int32() : -1;
      const replicas = reader.array(node).length;
      for (let list = 0; list < 2; list += 1) reader.array(node);
      return { error, partition, leader, epoch, replicas };
    });
    return { topic, error, id: null, partitions };
  });
  return { brokers, topics };
}

function readFlexible(reader: WireReader): MetadataAnswer {
  const node = () => reader.int32();
  const brokers = readCompactArray(reader, () => {
    const nodeId = node();
    const host = readCompactString(reader);
    const port = reader.int32();
    const rack = readCompactString(reader) || null;
    readTags(reader);
    return { nodeId, host, port, rack };
  });
  readCompactString(reader);
  node();
  const topics = readCompactArray(reader, () => {
    const error = reader.int16();
    const topic = readCompactString(reader);
    const id = reader.raw(16).toString('hex');
    reader.int8();
    const partitions = readCompactArray(reader, () => {
      const error = reader.int16();
      const partition = reader.int32();
      const leader = node();
      const epoch = reader.int32();
      const replicas = readCompactArray(reader, node).length;
      for (let list = 0; list < 2; list += 1) readCompactArray(reader, node);
      readTags(reader);
      return { error, partition, leader, epoch, replicas };
    });
    reader.int32();
    readTags(reader);
    return { topic, error, id: id === NO_ID ? null : id, partitions };
  });
  return { brokers, topics };
}

/**
 * What counts of two answers for one topic: a broker that is cut off tells of leaders that were replaced
 * since (KIP-320). A topic that was created anew begins its epochs anew.
 */
export function newer(before: TopicMetadata | undefined, now: TopicMetadata): TopicMetadata {
  if (before === undefined || before.id === null || before.id !== now.id) return now;
  const partitions = now.partitions.map((each) => {
    const old = before.partitions.find(({ partition }) => partition === each.partition);
    return old !== undefined && each.epoch >= 0 && old.epoch > each.epoch ? old : each;
  });
  return { ...now, partitions };
}

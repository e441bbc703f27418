// The three topics: created when missing, grown together, checked, trimmed.
import kafkajs, { type Admin, type ITopicConfig, type Kafka } from 'kafkajs';
import { InconsistentStateError } from '../errors.ts';
import { fromKafkajs } from './kafkajs-error.ts';

const { ConfigResourceTypes } = kafkajs;

export type TopicNames = {
  readonly orders: string;
  readonly deadLetters: string;
  readonly checkpoints: string;
};

export type Topics = {
  /**
   * Creates and grows what is missing; resolves with the number of partitions of each topic, and what
   * is wrong with them in words.
   */
  ensure(): Promise<{ partitions: number; problems: string[] }>;
  /** Deletes the checkpoints of a partition below an offset. */
  trimCheckpoints(partition: number, below: number): Promise<void>;
  close(): Promise<void>;
};

/** What the service adds to an order in a dead letter, at most. */
const DEAD_LETTER_ROOM = 64 * 1024;
const CHECKPOINT_BYTES = 8 * 2 ** 20;
/** Kafka frees deleted records by the segment, and never the one it writes to. */
const SMALL_SEGMENTS = { 'segment.bytes': String(2 * CHECKPOINT_BYTES), 'segment.ms': '60000' };
const FOR_EVER = { 'retention.ms': '-1', 'retention.bytes': '-1' };

/** The topics of one service; `partitions` counts when `orders` has to be created. */
export function createTopics(deps: {
  kafka: Kafka;
  names: TopicNames;
  partitions: number;
}): Topics {
  const { kafka, names } = deps;
  const admin = kafka.admin({ retry: { retries: 3 } });
  let connected = false;

  async function partitionCounts(): Promise<Map<string, number>> {
    const wanted = Object.values(names);
    const existing = (await admin.listTopics()).filter((topic) => wanted.includes(topic));
    if (existing.length === 0) return new Map();
    const { topics } = await admin.fetchTopicMetadata({ topics: existing });
    return new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
  }

  async function create(topic: string, partitions: number, config: Record<string, string>) {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    const wanted: ITopicConfig = { topic, numPartitions: partitions, configEntries };
    await admin.createTopics({ topics: [wanted], waitForLeaders: true });
  }

  async function grow(topic: string, count: number): Promise<void> {
    await admin.createPartitions({ topicPartitions: [{ topic, count }] });
  }

  async function ensure(): Promise<number> {
    if (!connected) await admin.connect();
    connected = true;
    const existing = await partitionCounts();
    const count = existing.get(names.orders) ?? deps.partitions;
    if (!existing.has(names.orders)) await create(names.orders, count, {});
    const largest = Number(await configOf(admin, names.orders, 'max.message.bytes'));
    const companions: [string, Record<string, string>][] = [
      [names.deadLetters, { 'max.message.bytes': String(largest + DEAD_LETTER_ROOM) }],
      [names.checkpoints, { 'max.message.bytes': String(CHECKPOINT_BYTES), ...SMALL_SEGMENTS }],
    ];
    for (const [topic, config] of companions) {
      const has = existing.get(topic);
      if (has === undefined) {
        await create(topic, count, { 'cleanup.policy': 'delete', ...FOR_EVER, ...config });
      } else if (has < count) await grow(topic, count);
    }
    if (existing.has(names.checkpoints)) await checkCheckpoints(admin, names.checkpoints);
    return count;
  }

  return {
    ensure: () => ensure().then((partitions) => ({ partitions, problems: [] }), fromKafkajs),
    async trimCheckpoints(partition, below) {
      const topic = names.checkpoints;
      // A fresh admin client does not know the leader before it was asked for something else.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({
        topic,
        partitions: [{ partition, offset: String(below) }],
      });
    },
    async close() {
      if (connected) await admin.disconnect();
    },
  };
}

/** Compaction and retention would take away what a restore needs. */
async function checkCheckpoints(admin: Admin, topic: string): Promise<void> {
  const expected = { 'cleanup.policy': 'delete', ...FOR_EVER };
  for (const [name, value] of Object.entries(expected)) {
    const found = await configOf(admin, topic, name);
    if (found === value) continue;
    throw new InconsistentStateError(`topic ${topic} has ${name}=${found}, it needs ${value}`);
  }
}

async function configOf(admin: Admin, topic: string, name: string): Promise<string> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: [name] }],
  });
  const entry = resources[0]?.configEntries.find(({ configName }) => configName === name);
  if (entry === undefined) throw new InconsistentStateError(`topic ${topic} tells no ${name}`);
  return entry.configValue;
}

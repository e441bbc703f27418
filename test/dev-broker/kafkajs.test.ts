// Everything kafkajs can ask a broker, asked of Apache Kafka and of the embedded broker alike: each
// question has one answer, an error included, and both brokers must give the same.
import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import t from 'tap';
import { withApacheKafka } from '../fixtures/apache-kafka.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { until } from '../fixtures/until.ts';

const {
  Kafka: Client,
  logLevel,
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  CompressionTypes,
  ConfigResourceTypes,
  Partitioners,
  ResourcePatternTypes,
} = kafkajs;

type World = { readonly kafka: Kafka; readonly admin: Admin; readonly topic: string };

/** What a question comes to: the answer, or the error with what the broker said to it. */
async function outcomeOf(question: () => Promise<unknown>): Promise<unknown> {
  try {
    return (await question()) ?? 'done';
  } catch (error) {
    return refusal(error);
  }
}

function refusal(error: unknown): unknown {
  const { name, type, errors, message } = error as Record<string, unknown>;
  if (Array.isArray(errors)) return { name, errors: errors.map(refusal) };
  return { name, refused: type ?? message };
}

async function withTopic({ admin, topic }: World, numPartitions = 1, config = {}) {
  const configEntries = Object.entries<string>(config).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }] });
}

async function send(
  { kafka, topic }: World,
  messages: { value: string | Buffer; timestamp?: string; headers?: Record<string, string> }[],
  { acks = -1, compression = CompressionTypes.None, idempotent = false } = {},
) {
  const createPartitioner = Partitioners.DefaultPartitioner;
  const producer = kafka.producer({ createPartitioner, idempotent, retry: { retries: 2 } });
  await producer.connect();
  try {
    const at = messages.map((message) => ({ partition: 0, ...message }));
    return await producer.send({ topic, acks, compression, messages: at });
  } finally {
    await producer.disconnect();
  }
}

/** The records of a topic from its start, as a consumer of kafkajs sees them. */
async function read({ kafka, topic }: World, count: number) {
  const consumer = kafka.consumer({ groupId: `${topic}-reader`, maxWaitTimeInMs: 50 });
  const seen: { offset: string; value: string; headers: string[] }[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((done, fail) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => fail(payload.error));
    const eachMessage = async ({ message }: { message: kafkajs.KafkaMessage }) => {
      const headers = Object.entries(message.headers ?? {}).map((each) => each.join('='));
      seen.push({ offset: message.offset, value: String(message.value).slice(0, 20), headers });
      if (seen.length === count) done();
    };
    consumer.run({ eachMessage }).catch(fail);
  }).finally(() => consumer.disconnect());
  return seen;
}

const alter = ({ admin, topic }: World, entries: Record<string, string>, validateOnly = false) =>
  admin.alterConfigs({
    validateOnly,
    resources: [
      {
        type: ConfigResourceTypes.TOPIC,
        name: topic,
        configEntries: Object.entries(entries).map(([name, value]) => ({ name, value })),
      },
    ],
  });

async function configOf({ admin, topic }: World, configNames?: string[], includeSynonyms = false) {
  const { resources } = await admin.describeConfigs({
    includeSynonyms,
    resources: [
      { type: ConfigResourceTypes.TOPIC, name: topic, ...(configNames && { configNames }) },
    ],
  });
  const entries = resources.flatMap(({ configEntries }) => configEntries);
  return entries.toSorted((a, b) => a.configName.localeCompare(b.configName));
}

const anyAcl = {
  resourceType: AclResourceTypes.TOPIC,
  resourceName: 'a',
  resourcePatternType: ResourcePatternTypes.LITERAL,
  principal: 'User:a',
  host: '*',
  operation: AclOperationTypes.ALL,
  permissionType: AclPermissionTypes.ALLOW,
};

const create = (world: World, request: object, validateOnly = false) =>
  world.admin.createTopics({ validateOnly, topics: [{ topic: world.topic, ...request }] });

const now = Date.now();
const hour = 3_600_000;

/** A name says what is asked; where it does not, a comment says why. */
const questions: Record<string, (world: World) => Promise<unknown>> = {
  'a topic is made once': async (world) => [await create(world, {}), await create(world, {})],
  'a topic is only validated': async (world) => [
    await create(world, {}, true),
    (await world.admin.listTopics()).includes(world.topic),
  ],
  'a topic with no partition': (world) => create(world, { numPartitions: 0 }),
  'a topic with minus five partitions': (world) => create(world, { numPartitions: -5 }),
  'a topic with a replication factor of 0': (world) => create(world, { replicationFactor: 0 }),
  'a topic whose name is a path': ({ admin }) =>
    admin.createTopics({ topics: [{ topic: '../etc' }] }),
  'a topic with a setting nobody knows': (world) =>
    create(world, { configEntries: [{ name: 'retention.hours', value: '1' }] }),
  'a topic with a setting that is no number': (world) =>
    create(world, { configEntries: [{ name: 'retention.ms', value: 'soon' }] }),
  'a topic with a policy nobody knows': (world) =>
    create(world, { configEntries: [{ name: 'cleanup.policy', value: 'burn' }] }),
  'a topic with an assignment': async (world) => {
    await create(world, {
      numPartitions: -1,
      replicationFactor: -1,
      replicaAssignment: [
        { partition: 0, replicas: [1] },
        { partition: 1, replicas: [1] },
      ],
    });
    const { topics } = await world.admin.fetchTopicMetadata({ topics: [world.topic] });
    return topics[0]!.partitions.map(({ partitionId }) => partitionId).sort();
  },
  'a topic with an assignment to an unknown broker': (world) =>
    create(world, {
      numPartitions: -1,
      replicationFactor: -1,
      replicaAssignment: [{ partition: 0, replicas: [7] }],
    }),
  'a topic with an assignment that begins at 1': (world) =>
    create(world, {
      numPartitions: -1,
      replicationFactor: -1,
      replicaAssignment: [{ partition: 1, replicas: [1] }],
    }),
  'a topic with an assignment and a number of partitions': (world) =>
    create(world, { numPartitions: 2, replicaAssignment: [{ partition: 0, replicas: [1] }] }),
  'a topic with a partition without replicas': (world) =>
    create(world, {
      numPartitions: -1,
      replicationFactor: -1,
      replicaAssignment: [{ partition: 0, replicas: [] }],
    }),
  'what a topic is': async (world) => {
    await withTopic(world, 2);
    const { topics } = await world.admin.fetchTopicMetadata({ topics: [world.topic] });
    return topics[0]!.partitions.toSorted((a, b) => a.partitionId - b.partitionId);
  },
  'what an unknown topic is': ({ admin, topic }) => admin.fetchTopicMetadata({ topics: [topic] }),
  'an unknown topic is deleted': ({ admin, topic }) => admin.deleteTopics({ topics: [topic] }),
  'partitions are added': async (world) => {
    await withTopic(world);
    const add = (count: number) =>
      outcomeOf(() =>
        world.admin.createPartitions({ topicPartitions: [{ topic: world.topic, count }] }),
      );
    return [await add(3), await add(3), await add(2), await add(0)];
  },
  'partitions are only validated': async (world) => {
    await withTopic(world);
    const topicPartitions = [{ topic: world.topic, count: 4 }];
    const answer = await world.admin.createPartitions({ topicPartitions, validateOnly: true });
    return [answer, (await world.admin.fetchTopicOffsets(world.topic)).length];
  },
  'partitions are added to an unknown topic': ({ admin, topic }) =>
    admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] }),
  'partitions are added with assignments': async (world) => {
    await withTopic(world);
    const add = (count: number, assignments: number[][]) =>
      outcomeOf(() =>
        world.admin.createPartitions({
          topicPartitions: [{ topic: world.topic, count, assignments }],
        }),
      );
    return [
      await add(2, [[7]]),
      await add(2, [[1], [1]]),
      await add(2, [[1, 1]]),
      await add(2, [[1]]),
    ];
  },
  'the settings of a topic': async (world) => {
    await withTopic(world, 1, { 'retention.ms': '5000' });
    const entries = await configOf(world);
    return entries.filter(({ configName }) => !isDifferent(configName));
  },
  'some settings of a topic, with where they come from': async (world) => {
    await withTopic(world, 1, { 'retention.ms': '5000' });
    return configOf(world, ['retention.ms', 'no.such'], true);
  },
  'the settings of an unknown topic': (world) => configOf(world),
  'the settings of what is not known': ({ admin }) =>
    admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.UNKNOWN, name: 'a' }],
    }),
  'the settings of an unknown broker': ({ admin }) =>
    admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.BROKER, name: '7' }],
    }),
  'settings are altered, those that are not named become default': async (world) => {
    await withTopic(world, 1, { 'retention.ms': '5000', 'max.message.bytes': '2000' });
    await alter(world, { 'retention.ms': '6000' });
    return configOf(world, ['retention.ms', 'max.message.bytes']);
  },
  'settings are only validated': async (world) => {
    await withTopic(world);
    await alter(world, { 'retention.ms': '6000' }, true);
    return configOf(world, ['retention.ms']);
  },
  'settings are altered to what cannot be': async (world) => {
    await withTopic(world);
    const to = (entries: Record<string, string>) => outcomeOf(() => alter(world, entries));
    return [
      await to({ 'retention.ms': 'soon' }),
      await to({ 'retention.ms': '-2' }),
      await to({ 'max.message.bytes': '-1' }),
      await to({ 'max.message.bytes': '3000000000' }),
      await to({ 'message.timestamp.type': 'Now' }),
      await to({ 'min.insync.replicas': '0' }),
      await to({ 'segment.bytes': '1' }),
      await to({ preallocate: 'maybe' }),
      await to({ 'min.cleanable.dirty.ratio': '2' }),
      await to({ 'compression.type': 'brotli' }),
      await to({ 'no.such': '1' }),
      await configOf(world, ['retention.ms']),
    ];
  },
  'the settings of an unknown topic are altered': (world) => alter(world, { 'retention.ms': '1' }),
  'an altered limit holds': async (world) => {
    await withTopic(world);
    await alter(world, { 'max.message.bytes': '100' });
    return send(world, [{ value: 'v'.repeat(200) }]);
  },
  'records are sent and read back': async (world) => {
    await withTopic(world);
    const [sent] = await send(world, [
      { value: 'a', headers: { h: '1' } },
      { value: 'b', timestamp: '5' },
    ]);
    return [{ ...sent, topicName: 'same' }, await read(world, 2)];
  },
  'gzip is sent and read back': async (world) => {
    await withTopic(world);
    await send(world, [{ value: 'a' }, { value: 'b' }], { compression: CompressionTypes.GZIP });
    return read(world, 2);
  },
  'acks 0 and 1': async (world) => {
    await withTopic(world);
    const answers = [
      await send(world, [{ value: 'a' }], { acks: 1 }),
      await send(world, [{ value: 'b' }], { acks: 0 }),
    ];
    const strip = (each: object) => ({ ...each, topicName: 'same' });
    return [answers.map((each) => each.map(strip)), await read(world, 2)];
  },
  'acks 2': async (world) => {
    await withTopic(world);
    return send(world, [{ value: 'a' }], { acks: 2 });
  },
  'an idempotent producer': async (world) => {
    await withTopic(world);
    await send(world, [{ value: 'a' }, { value: 'b' }], { idempotent: true });
    return read(world, 2);
  },
  'a record of 900 kB, and one that is too large': async (world) => {
    await withTopic(world);
    return [
      await outcomeOf(() => send(world, [{ value: Buffer.alloc(900_000, 'v') }])),
      await outcomeOf(() => send(world, [{ value: Buffer.alloc(1_100_000, 'v') }])),
      await read(world, 1),
    ].map((each) => (Array.isArray(each) ? each.length : each));
  },
  'a record of 20 MB where the topic takes it': async (world) => {
    await withTopic(world, 1, { 'max.message.bytes': '30000000' });
    await send(world, [{ value: Buffer.alloc(20_000_000, 'v') }]);
    return read(world, 1);
  },
  'timestamps at the ends of what can be': async (world) => {
    await withTopic(world);
    const at = (timestamp: string, compression = CompressionTypes.None) =>
      outcomeOf(async () => {
        await send(world, [{ value: 'a', timestamp }], { compression });
        return 'taken';
      });
    return [
      await at('9223372036854775807'),
      await at('9223372036854775807', CompressionTypes.GZIP),
      await at(`${now + 2 * hour}`),
      await at(`${now + hour / 2}`),
      await at('0'),
      await at('-1'),
      await at('-5'),
    ];
  },
  'timestamps where the topic says how far they may be off': async (world) => {
    await withTopic(world, 1, {
      'message.timestamp.before.max.ms': '1000000',
      'message.timestamp.after.max.ms': '86400000',
    });
    const at = (timestamp: number) =>
      outcomeOf(async () => {
        await send(world, [{ value: 'a', timestamp: `${timestamp}` }]);
        return 'taken';
      });
    return [
      await at(now - hour),
      await at(now - hour / 4),
      await at(now + 2 * hour),
      await at(now + 48 * hour),
    ];
  },
  'the broker stamps records where the topic says so': async (world) => {
    await withTopic(world, 1, { 'message.timestamp.type': 'LogAppendTime' });
    const sent = await send(world, [{ value: 'a', timestamp: '5' }]);
    const appended = Number(sent[0]!.logAppendTime);
    const [found] = await world.admin.fetchTopicOffsetsByTimestamp(world.topic, appended);
    return [appended > now - hour, found, await read(world, 1)];
  },
  'offsets by time': async (world) => {
    await withTopic(world);
    const messages = [10, 20, 30].map((time) => ({ value: `${time}`, timestamp: `${time}` }));
    await send(world, messages);
    const at = (time: number) => world.admin.fetchTopicOffsetsByTimestamp(world.topic, time);
    return [await at(0), await at(20), await at(25), await at(31)];
  },
  'offsets of an unknown topic': ({ admin, topic }) => admin.fetchTopicOffsets(topic),
  'records are deleted': async (world) => {
    await withTopic(world);
    await send(world, [{ value: 'a' }, { value: 'b' }, { value: 'c' }]);
    const before = (offset: string, partition = 0) =>
      outcomeOf(async () => {
        const partitions = [{ partition, offset }];
        await world.admin.deleteTopicRecords({ topic: world.topic, partitions });
        return world.admin.fetchTopicOffsets(world.topic);
      });
    return [await before('1'), await before('4'), await before('0', 3), await before('-1')];
  },
  'offsets are set, fetched and reset': async (world) => {
    await withTopic(world);
    await send(world, [{ value: 'a' }, { value: 'b' }]);
    const { admin, topic } = world;
    const group = { groupId: topic, topic };
    await admin.setOffsets({ ...group, partitions: [{ partition: 0, offset: '1' }] });
    const strip = (each: object[]) => each.map((one) => ({ ...one, topic: 'same' }));
    const first = strip(await admin.fetchOffsets({ groupId: topic, topics: [topic] }));
    await admin.resetOffsets({ ...group, earliest: true });
    const second = strip(await admin.fetchOffsets({ groupId: topic }));
    return [first, second];
  },
  'offsets of an unknown group': async ({ admin, topic }) =>
    (await admin.fetchOffsets({ groupId: topic })).length,
  'groups are listed, described and deleted': async (world) => {
    await withTopic(world);
    await send(world, [{ value: 'a' }]);
    const { kafka, admin, topic } = world;
    const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 50 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const joined = new Promise((done) => consumer.on(consumer.events.GROUP_JOIN, done));
    await consumer.run({ eachMessage: async () => {} });
    await joined;
    const { groups } = await admin.listGroups();
    const listed = groups.find(({ groupId }) => groupId === topic)?.protocolType;
    const described = async () => {
      const { groups } = await admin.describeGroups([topic]);
      return groups.map(({ state, protocol, protocolType, members }) => {
        const of = members.map(({ clientId, memberAssignment }) => [
          clientId,
          memberAssignment.length,
        ]);
        return { state, protocol, protocolType, of: JSON.stringify(of).replace(/\d+/, 'n') };
      });
    };
    const stable = await described();
    const refused = await outcomeOf(() => admin.deleteGroups([topic]));
    await consumer.disconnect();
    const left = await described();
    const deleted = await admin.deleteGroups([topic]);
    return [listed, stable, refused, left, deleted.map(({ errorCode }) => errorCode)];
  },
  'an unknown group is described and deleted': async ({ admin }) => [
    await admin.describeGroups(['nobody']),
    await outcomeOf(() => admin.deleteGroups(['nobody'])),
  ],
  'the cluster': async ({ admin }) => {
    const { brokers, controller } = await admin.describeCluster();
    return [brokers.map(({ nodeId }) => nodeId), controller];
  },
  'access rules are described': ({ admin }) => admin.describeAcls(anyAcl),
  'access rules are made': ({ admin }) => admin.createAcls({ acl: [anyAcl] }),
  'access rules are deleted': ({ admin }) => admin.deleteAcls({ filters: [anyAcl] }),
};

/** What has to do with other nodes, and how much is kept by default. */
const isDifferent = (setting: string) =>
  /remote|local|throttled|^min\.insync\.replicas$|^retention\.bytes$/.test(setting);

/** Names of topics differ from broker to broker. */
const withoutName = (value: unknown, topic: string): unknown =>
  JSON.parse(JSON.stringify(value ?? null).replaceAll(topic, 'TOPIC'));

/** A Kafka that has just been made has no coordinator yet. */
async function untilGroupsAreServed(kafka: Kafka): Promise<void> {
  const admin = kafka.admin({ retry: { retries: 20 } });
  await admin.connect();
  const ask = () => outcomeOf(() => admin.fetchOffsets({ groupId: 'first' }));
  await until('groups are served', ask, Array.isArray);
  await admin.disconnect();
}

/** The answers by question. Each question has a client of its own: kafkajs would mix up their topics. */
async function askAll(brokers: string): Promise<Map<string, unknown>> {
  const retry = { initialRetryTime: 50, retries: 4 };
  const kafka = new Client({ brokers: [brokers], logLevel: logLevel.NOTHING, retry });
  const answers = new Map<string, unknown>();
  await untilGroupsAreServed(kafka);
  const waiting = Object.entries(questions);
  const askSome = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [name, ask] = next;
      const topic = `t-${randomUUID()}`;
      const admin = kafka.admin();
      await admin.connect();
      const answer = await outcomeOf(() => ask({ kafka, admin, topic }));
      await admin.disconnect();
      answers.set(name, withoutName(answer, topic));
    }
  };
  await Promise.all(Array.from({ length: 8 }, askSome));
  return answers;
}

// Far above what it takes, for machines that have much else to do.
const timeout = 300_000;
t.setTimeout(timeout);

t.test(
  'every question of kafkajs is answered as Apache Kafka answers it',
  { timeout },
  async (t) => {
    const apache = await withApacheKafka(t);
    if (apache === undefined) return;
    const { address } = await withDevBroker(t);
    const [expected, answers] = await Promise.all([askAll(apache.brokers), askAll(address)]);
    for (const [name, answer] of expected) t.same(answers.get(name), answer, name);
  },
);

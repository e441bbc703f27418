import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import t, { type Test } from 'tap';
import { mendKafkajs } from '../../server/kafka/kafkajs-mends.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';

type Connection = {
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  isConnected(): boolean;
  send(exchange: object): Promise<unknown>;
};

const load = createRequire(import.meta.url);
const Connection = load('kafkajs/src/network/connection') as new (options: object) => Connection;
const socketFactory = (load('kafkajs/src/network/socketFactory') as () => unknown)();
const logger = { namespace: () => logger, debug() {}, info() {}, warn() {}, error() {} };

const echo = {
  request: {
    apiKey: 18,
    apiVersion: 0,
    apiName: 'Echo',
    encode: async () => ({ buf: Buffer.alloc(0), buffer: Buffer.alloc(0), size: () => 0 }),
  },
  response: {
    decode: async (payload: Buffer) => payload.toString(),
    parse: async (text: string) => text,
  },
};

async function listenFor(t: Test, serve: (socket: Socket) => void) {
  mendKafkajs();
  const server = createServer({ allowHalfOpen: true }, serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const timeouts = { connectionTimeout: 1000, requestTimeout: 1000 };
  const host = '127.0.0.1';
  return new Connection({ ...timeouts, host, port, clientId: 'test', logger, socketFactory });
}

/** The answer `text` to the request in `frame`: size, correlation id, text. */
function answerTo(frame: Buffer, text: string): Buffer {
  const answer = Buffer.alloc(8 + text.length);
  answer.writeInt32BE(4 + text.length);
  frame.copy(answer, 4, 8, 12);
  answer.write(text, 8);
  return answer;
}

t.test(
  'a connection that is given up while it connects fails in a way that may pass',
  async (t) => {
    const connection = await listenFor(t, (socket) => socket.end());
    const connected = connection.connect().then(
      () => 'connected',
      (error: { retriable?: boolean }) => error.retriable,
    );
    await connection.disconnect();
    t.equal(await connected, true);
    t.notOk(connection.isConnected());
  },
);

t.test('half an answer is not completed by the bytes of the next socket', async (t) => {
  let sockets = 0;
  const connection = await listenFor(t, (socket) => {
    sockets += 1;
    const broken = sockets === 1;
    socket.on('data', (frame) => {
      const answer = answerTo(frame, 'a longer answer');
      if (broken) socket.end(answer.subarray(0, 12));
      else socket.end(answer);
    });
  });
  await connection.connect();
  await t.rejects(connection.send(echo), /Closed connection/);
  await connection.connect();
  t.equal(await connection.send(echo), 'a longer answer');
  await connection.disconnect();
});

t.test('what an old socket still brings does not reach the next one', async (t) => {
  const sockets: Socket[] = [];
  const connection = await listenFor(t, (socket) => {
    sockets.push(socket);
    socket.on('data', (frame) => socket.write(answerTo(frame, `socket ${sockets.length}`)));
  });
  await connection.connect();
  t.equal(await connection.send(echo), 'socket 1');
  await connection.disconnect();
  await connection.connect();
  const [old] = sockets as [Socket];
  old.end('bytes nobody asked for');
  await once(old, 'close');
  t.equal(await connection.send(echo), 'socket 2');
  t.ok(connection.isConnected());
  sockets[1]?.end();
  await connection.disconnect();
});

t.test('an instant that kafkajs keeps moves with the wall clock', async (t) => {
  mendKafkajs();
  const { now } = Date;
  t.teardown(() => {
    Date.now = now;
  });
  const kept: [string, string][] = [
    ['consumer/consumerGroup', 'lastRequest'],
    ['consumer/offsetManager', 'lastCommit'],
    ['cluster/brokerPool', 'metadataExpireAt'],
    ['network/requestQueue', 'throttledUntil'],
    ['network/requestQueue/socketRequest', 'sentAt'],
  ];
  for (const [path, member] of kept) {
    const { prototype } = load(`kafkajs/src/${path}`) as { prototype: object };
    const holder: Record<string, number | null> = Object.create(prototype);
    t.equal(holder[member], null, `${member} has no value before it was set`);
    for (const jump of [-3_600_000, 7_200_000]) {
      Date.now = now;
      holder[member] = Date.now();
      Date.now = () => now() + jump;
      t.ok(Math.abs(Date.now() - holder[member]) < 60_000, `${member} after a jump by ${jump}`);
    }
    holder[member] = null;
    t.equal(holder[member], null);
  }
});

t.test('a partition without a leader does not hide the others', async (t) => {
  mendKafkajs();
  const partition = (partitionId: number, partitionErrorCode: number) => ({
    partitionId,
    partitionErrorCode,
    leader: partitionErrorCode === 0 ? 1 : -1,
  });
  const topic = (topicErrorCode: number) => ({
    topicMetadata: [
      { topicErrorCode, topic: 't', partitionMetadata: [partition(0, 0), partition(1, 5)] },
    ],
  });
  for (let version = 0; version <= 6; version += 1) {
    const path = `kafkajs/src/protocol/requests/metadata/v${version}/response`;
    const { parse } = load(path) as { parse(answer: object): Promise<object> };
    t.same(await parse(topic(0)), topic(0));
    await t.rejects(parse(topic(3)), { message: /does not host this topic/ });
  }
});

t.test('the reason why no broker did what was asked is not lost', async (t) => {
  mendKafkajs();
  const BrokerPool = load('kafkajs/src/cluster/brokerPool') as new (
    options: object,
  ) => { brokers: object; withBroker(act: () => Promise<string>): Promise<string> };
  const pool = new BrokerPool({ logger });
  pool.brokers = { 1: { isConnected: () => true }, 2: { isConnected: () => true } };
  await t.rejects(
    pool.withBroker(() => Promise.reject(new Error('not for you'))),
    { message: 'not for you' },
  );
  let calls = 0;
  const second = async () => {
    calls += 1;
    if (calls === 1) throw new Error('not for you');
    return 'done';
  };
  t.equal(await pool.withBroker(second), 'done');
});

t.test(
  'a broker that takes connections and never answers does not keep us from the next',
  async (t) => {
    mendKafkajs();
    const frozen = createServer(() => {}).listen(0, '127.0.0.1');
    await once(frozen, 'listening');
    t.teardown(() => frozen.close());
    const { address } = await withDevBroker(t);
    const { port } = frozen.address() as AddressInfo;
    const kafka = new Kafka({
      brokers: [`127.0.0.1:${port}`, address],
      requestTimeout: 100,
      connectionTimeout: 100,
      logLevel: logLevel.NOTHING,
    });
    const admin = kafka.admin();
    await admin.connect();
    t.teardown(() => admin.disconnect());
    t.same(await admin.listTopics(), []);
  },
);

t.test('a member whose coordinator is away asks who has taken its place', async (t) => {
  mendKafkajs();
  const { KafkaJSConnectionError } = load('kafkajs/src/errors') as {
    KafkaJSConnectionError: new (words: string) => Error;
  };
  const ConsumerGroup = load('kafkajs/src/consumer/consumerGroup') as new (
    options: object,
  ) => {
    memberId: string;
    coordinator: object;
    offsetManager: { coordinator: object };
    subscriptionState: { assign(assigned: object[]): void; pause(topics: object[]): void };
    heartbeat(options: { interval: number }): Promise<void>;
    seekOffsets(assigned: object[]): Promise<void>;
  };
  const heir = { heartbeat: async () => {} };
  const gone = {
    heartbeat: () => Promise.reject(new KafkaJSConnectionError('connect ECONNREFUSED')),
  };
  const cluster = { findGroupCoordinator: async () => heir };
  const group = new ConsumerGroup({ logger, cluster, instrumentationEmitter: { emit() {} } });
  group.memberId = 'm';
  group.coordinator = gone;
  group.offsetManager = { coordinator: gone };
  await t.rejects(group.heartbeat({ interval: 0 }), { message: 'connect ECONNREFUSED' });
  t.equal(group.coordinator, heir);
  t.equal(group.offsetManager.coordinator, heir);
  await group.heartbeat({ interval: 0 });

  // It would ask for offsets, which there is nobody to ask for.
  group.subscriptionState.assign([{ topic: 't', partitions: [0] }]);
  await t.rejects(group.seekOffsets([]));
  group.subscriptionState.pause([{ topic: 't' }]);
  await group.seekOffsets([]);
});

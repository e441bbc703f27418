import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { mendKafkajs } from '../../server/kafka/kafkajs-inside.ts';

type Connection = {
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  isConnected(): boolean;
};

const load = createRequire(import.meta.url);
const Connection = load('kafkajs/src/network/connection') as new (options: object) => Connection;
const socketFactory = (load('kafkajs/src/network/socketFactory') as () => unknown)();
const logger = { namespace: () => logger, debug() {}, info() {}, warn() {}, error() {} };

t.test(
  'a connection that is given up while it connects fails in a way that may pass',
  async (t) => {
    mendKafkajs();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    const timeouts = { connectionTimeout: 1000, requestTimeout: 1000 };
    const connection = new Connection({
      ...timeouts,
      host: '127.0.0.1',
      port,
      clientId: 'test',
      logger,
      socketFactory,
    });
    const connected = connection.connect().then(
      () => 'connected',
      (error: { retriable?: boolean }) => error.retriable,
    );
    await connection.disconnect();
    t.equal(await connected, true);
    t.notOk(connection.isConnected());
  },
);

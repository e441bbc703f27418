import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { createKafka, type KafkaSettings } from '../../server/kafka/client.ts';
import { createCluster } from '../../server/kafka/cluster.ts';
import { fromKafkajs, inWords } from '../../server/kafka/kafkajs-error.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

/** What it comes to to ask such a port for metadata, and the port. */
async function refusal(
  t: Test,
  serve: (socket: Socket) => void,
  settings: Partial<KafkaSettings> = {},
) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const brokers = [`127.0.0.1:${port}`];
  const options = { brokers, clientId: 'test', logger: silentLogger, ...settings };
  const cluster = createCluster(createKafka(options));
  const error: Error = await cluster.refresh(['t']).catch((thrown) => thrown);
  await cluster.close();
  return { message: error.message, port, error };
}

const closeAtFirstByte = (socket: Socket) => void socket.once('data', () => socket.end());
const login = { mechanism: 'plain', username: 'u', password: 'p' } as const;
const tls = { ca: null, certificate: null, key: null, keyPassword: null };

t.test('a port that closes at the first request is told with what it may expect', async (t) => {
  const plain = await refusal(t, closeAtFirstByte);
  t.match(plain.error, { code: 'KAFKA', retriable: true });
  t.equal(
    plain.message,
    `127.0.0.1:${plain.port}: Closed connection; the port may expect TLS (KAFKA_SSL) or SASL (KAFKA_SASL_MECHANISM)`,
  );
  const withSasl = await refusal(t, closeAtFirstByte, { security: { tls: null, login } });
  t.match(withSasl.message, /may expect TLS \(KAFKA_SSL\)$/);
});

t.test('TLS with a port that does not speak it', async (t) => {
  for (const serve of [closeAtFirstByte, (socket: Socket) => void socket.end('not TLS')]) {
    const { message, port } = await refusal(t, serve, {
      security: { tls, login: null },
    });
    t.ok(message.startsWith(`127.0.0.1:${port}: `), message);
    t.match(message, /the port may not speak TLS \(KAFKA_SSL\)$/);
  }
});

t.test('nobody there, over IPv6 too', async (t) => {
  const { message } = await refusal(t, () => {}, { brokers: ['[::1]:1'] });
  t.equal(message, '[::1]:1: connect ECONNREFUSED ::1:1');
});

t.test('what Kafka said stands with its name and address, below all wrappings', async (t) => {
  const thrown = (message: string, more: object) => Object.assign(new Error(message), more);
  const wrapped = new Error('tried often', {
    cause: thrown('Not for you.', { type: 'GROUP_AUTHORIZATION_FAILED', broker: 'k:1' }),
  });
  t.equal(
    inWords(wrapped),
    'k:1: GROUP_AUTHORIZATION_FAILED: Not for you; this user lacks a right: the README lists those that are needed',
  );
  t.match(
    inWords(thrown('self-signed certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })),
    /\(DEPTH_ZERO_SELF_SIGNED_CERT\); name the authority .* KAFKA_SSL_CA/,
  );
  t.match(
    inWords(thrown('No.', { type: 'INCONSISTENT_GROUP_PROTOCOL' })),
    /another program is in the group/,
  );
  t.equal(
    inWords(thrown('Connection error: ', { code: 'ECONNREFUSED', broker: 'k:1' })),
    'k:1: ECONNREFUSED',
  );
  t.equal(inWords('thrown by nobody'), 'thrown by nobody');
  t.throws(() => fromKafkajs(new TypeError('x of undefined')), { code: 'KAFKA', retriable: true });
});

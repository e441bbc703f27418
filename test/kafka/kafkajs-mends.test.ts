import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { mendKafkajs } from '../../server/kafka/kafkajs-mends.ts';

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

// A network that misbehaves: hands bytes on between clients and one broker, and can hold back, drop
// or repeat a single Produce request.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A Produce request on its way; nothing that its connection sent later overtakes it. */
export type CaughtProduce = {
  readonly partition: number;
  /** Hands it on, also when its sender is gone by now. */
  pass(): void;
  /** It never arrives, and its connection breaks. */
  drop(): void;
  /** It arrives, and its connection breaks before the answer. */
  loseAnswer(): void;
  /** Sends it to the broker once more, over another connection; resolves with the answer's arrival. */
  repeat(): Promise<void>;
};

export type ProduceProxy = {
  readonly port: number;
  /** Resolves with the next Produce request for the topic. */
  catchNext(topic: string): Promise<CaughtProduce>;
  /** Breaks every connection that sends a Produce request for the topic, until the result is called. */
  refuse(topic: string): () => void;
  close(): void;
};

type Fate = 'pass' | 'drop' | 'lose-answer';
type Catch = { topic: string; caught: (produce: CaughtProduce) => void };

const PRODUCE = 0;

/**
 * A proxy before the broker's port `target` on localhost. `renamed`: the broker names its own port to
 * clients, which are told the proxy's instead.
 */
export async function startProduceProxy(
  target: number,
  { renamed = false } = {},
): Promise<ProduceProxy> {
  const catches: Catch[] = [];
  const refused = new Set<string>();
  const sockets = new Set<Socket>();

  function open(socket: Socket): Socket {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    return socket;
  }

  async function fateOf(frame: Buffer): Promise<Fate> {
    const target = targetOfProduce(frame);
    if (target === null) return 'pass';
    const { topic, partition } = target;
    if (refused.has(topic)) return 'drop';
    const at = catches.findIndex((each) => each.topic === topic);
    if (at < 0) return 'pass';
    const [{ caught }] = catches.splice(at, 1) as [Catch];
    return new Promise((decide) => {
      caught({
        partition,
        pass: () => decide('pass'),
        drop: () => decide('drop'),
        loseAnswer: () => decide('lose-answer'),
        repeat: () => sendAlone(frame),
      });
    });
  }

  async function sendAlone(frame: Buffer): Promise<void> {
    const socket = open(connect(target, 'localhost'));
    socket.write(frame);
    await once(socket, 'data');
    socket.destroy();
  }

  async function serve(client: Socket): Promise<void> {
    const broker = open(connect(target, 'localhost'));
    broker.once('close', () => client.destroy());
    let answering = true;
    const hand = (bytes: Buffer) => answering && client.writable && client.write(bytes);
    if (renamed) renameIn(broker, hand).catch(() => client.destroy());
    else broker.on('data', hand);
    try {
      for await (const frame of framesOf(client)) {
        const fate = await fateOf(frame);
        if (fate === 'drop') break;
        if (fate === 'lose-answer') answering = false;
        broker.write(frame);
        if (fate === 'lose-answer') break;
      }
    } catch {
      // The client is gone: so is what it has not sent.
    }
    client.destroy();
    broker.end();
  }

  /** Hands on answers in which the proxy's port stands for the broker's. */
  async function renameIn(broker: Socket, hand: (bytes: Buffer) => void): Promise<void> {
    const own = addressBytes(target);
    const { port } = server.address() as AddressInfo;
    for await (const frame of framesOf(broker)) {
      for (let at = frame.indexOf(own); at >= 0; at = frame.indexOf(own, at + own.length)) {
        addressBytes(port).copy(frame, at);
      }
      hand(frame);
    }
  }

  const server = createServer((client) => void serve(open(client)));
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    catchNext: (topic) => new Promise((caught) => catches.push({ topic, caught })),
    refuse(topic) {
      refused.add(topic);
      return () => refused.delete(topic);
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** As a broker names itself in an answer: the end of its host, and its port. */
function addressBytes(port: number): Buffer {
  const bytes = Buffer.from('localhost\0\0\0\0');
  bytes.writeInt32BE(port, bytes.length - 4);
  return bytes;
}

/** Requests or answers, each with the four bytes of its length. */
async function* framesOf(socket: Socket): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    for (;;) {
      if (length < 4) break;
      if (chunks[0]!.length < 4) chunks = [Buffer.concat(chunks)];
      const size = 4 + chunks[0]!.readInt32BE(0);
      if (length < size) break;
      const all = Buffer.concat(chunks);
      yield all.subarray(0, size);
      chunks = [all.subarray(size)];
      length -= size;
    }
  }
}

/** The first partition of a Produce request; null for every other request. */
function targetOfProduce(frame: Buffer): { topic: string; partition: number } | null {
  if (frame.readInt16BE(4) !== PRODUCE) return null;
  // After length, key, version and correlation id: client id, transactional id, acks, timeout, count.
  const clientEnd = textEnd(frame, 12);
  const topicStart = textEnd(frame, clientEnd) + 10;
  const topicEnd = textEnd(frame, topicStart);
  const topic = frame.toString('utf8', topicStart + 2, topicEnd);
  return { topic, partition: frame.readInt32BE(topicEnd + 4) };
}

function textEnd(frame: Buffer, at: number): number {
  return at + 2 + Math.max(0, frame.readInt16BE(at));
}

// Everything that leans on the inside of kafkajs: raw requests on its authenticated connections, and
// what had to be mended there. The version is checked, because nobody promised these parts to stay.
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Kafka } from 'kafkajs';
import { InconsistentStateError } from '../errors.ts';

const VERSION = '2.2.4';
const SIZE_PREFIX = 4;
const load = createRequire(import.meta.url) as (path: string) => unknown;

type Request = {
  apiKey: number;
  apiVersion: number;
  apiName: string;
  encode: () => Promise<{ buf: Buffer; buffer: Buffer; size: () => number }>;
};
type Response<T> = {
  decode: (payload: Buffer) => Promise<{ clientSideThrottleTime: number; answer: T }>;
  parse: (decoded: { answer: T }) => Promise<T>;
};
type ConnectionPool = {
  send<T>(exchange: {
    request: Request;
    response: Response<T>;
    logResponseError: boolean;
  }): Promise<T>;
};
export type KafkajsCluster = {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
  findBroker(query: { nodeId: string }): Promise<{ connectionPool: ConnectionPool }>;
};
type Connection = {
  socket?: Socket;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
};
type Connecting = WeakMap<Connection, Promise<unknown>>;
type RequestQueue = {
  pending: unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
};

/** Refuses any version of kafkajs but the one whose inside we know. */
export function checkKafkajsVersion(version: string): void {
  if (version === VERSION) return;
  throw new InconsistentStateError(
    `kafkajs ${version} is installed; this service leans on the inside of ${VERSION}: run npm ci`,
  );
}

function checkInstalled(): void {
  checkKafkajsVersion((load('kafkajs/package.json') as { version: string }).version);
}

/** Connections of their own to the brokers of `kafka`. */
export function openCluster(kafka: Kafka): KafkajsCluster {
  checkInstalled();
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  const create = symbol && (kafka as unknown as Record<symbol, unknown>)[symbol];
  if (typeof create !== 'function') {
    throw new InconsistentStateError('kafkajs has no createCluster where it should be: run npm ci');
  }
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false }) as KafkajsCluster;
}

let mended = false;

/** Mends five faults of kafkajs, for every client of this process; once, however often it is called. */
export function mendKafkajs(): void {
  if (mended) return;
  mended = true;
  checkInstalled();
  mendIdleTimer(prototypeOf<RequestQueue>('kafkajs/src/network/requestQueue'));
  const connection = prototypeOf<Connection>('kafkajs/src/network/connection');
  const connecting = mendConnecting(connection);
  mendDisconnecting(connection, connecting);
}

function prototypeOf<T>(path: string): T {
  return (load(path) as { prototype: T }).prototype;
}

/**
 * Every connection looks each millisecond, from its first request on, for requests that wait, also
 * when none does (tulios/kafkajs#1751).
 */
function mendIdleTimer(queue: RequestQueue): void {
  const { scheduleCheckPendingRequests: schedule } = queue;
  queue.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}

/**
 * Asked to connect twice at once, a connection opens two sockets; when the one it does not use is
 * closed for being idle, the requests on the other fail.
 */
function mendConnecting(connection: Connection): Connecting {
  const { connect } = connection;
  const connecting: Connecting = new WeakMap();
  connection.connect = function (this: Connection) {
    const before = connecting.get(this);
    if (before !== undefined) return before;
    const attempt = connect.call(this).finally(() => connecting.delete(this));
    connecting.set(this, attempt);
    return attempt;
  };
  return connecting;
}

/**
 * Once it has disconnected, a connection still listens to its old socket: a late byte or the late end of
 * that one counts for the socket that came after it. A half answer is kept as well, and the next socket's
 * bytes are read as its second half. A socket given up while it connects later calls the connection
 * connected.
 */
function mendDisconnecting(connection: Connection, connecting: Connecting): void {
  const { disconnect } = connection;
  connection.disconnect = async function (this: Connection) {
    const { socket } = this;
    const result = await disconnect.call(this);
    if (socket !== undefined && this.socket === socket) {
      delete this.socket;
      this.chunks = [];
      this.bytesBuffered = 0;
      this.bytesNeeded = SIZE_PREFIX;
      if (connecting.has(this)) socket.destroy(new Error('given up while connecting'));
      else letGo(socket);
    }
    return result;
  };
}

function letGo(socket: Socket): void {
  for (const event of ['data', 'end', 'timeout', 'error']) socket.removeAllListeners(event);
  socket.on('error', () => undefined).resume();
}

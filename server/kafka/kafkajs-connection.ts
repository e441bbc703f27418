// What had to be mended in the connections of kafkajs.
import type { Socket } from 'node:net';
import { prototypeOf } from './kafkajs-inside.ts';

const SIZE_PREFIX = 4;
const API_VERSIONS = 18;

type Connection = {
  socket?: Socket;
  ssl: unknown;
  sasl: unknown;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  send(sending: { request: { apiKey: number } }): Promise<unknown>;
  rejectRequests(error: Error): void;
};
type Connecting = WeakMap<Connection, Promise<unknown>>;
type RequestQueue = {
  pending: unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
};
/** Mends all connections of this process; to be called once. */
export function mendConnections(): void {
  mendIdleTimer(prototypeOf<RequestQueue>('kafkajs/src/network/requestQueue'));
  const connection = prototypeOf<Connection>('kafkajs/src/network/connection');
  mendDisconnecting(connection, mendConnecting(connection));
  mendClosing(connection);
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

/**
 * The error "Closed connection" does not say whether a working connection broke or the broker closes every
 * one of ours, because it wants TLS or SASL. Such a broker answers ApiVersions at most: when nothing else
 * was ever answered on the connection, the error is marked as `unheard`.
 */
function mendClosing(connection: Connection): void {
  const { send, rejectRequests } = connection;
  const heard = new WeakSet<Connection>();
  connection.send = async function (this: Connection, sending) {
    const answer = await send.call(this, sending);
    if (sending.request.apiKey !== API_VERSIONS) heard.add(this);
    return answer;
  };
  connection.rejectRequests = function (this: Connection, error: Error) {
    const isUnheard = error.name === 'KafkaJSConnectionClosedError' && !heard.has(this);
    const { ssl, sasl } = this;
    if (isUnheard) Object.assign(error, { unheard: { ssl: Boolean(ssl), sasl: Boolean(sasl) } });
    rejectRequests.call(this, error);
  };
}

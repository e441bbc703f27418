// How many connections there may be, and what one of them may ask for before it reads: both are memory
// that a client takes without sending much.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { countedAs } from './address.ts';

/** Requests on one connection whose answers have not gone out yet; a browser has one. */
const MAX_UNANSWERED = 16;

/** How many connections may be open at once. */
export type ConnectionLimits = {
  readonly total: number;
  /** From one address, unless it is a proxy, behind which there are many. */
  readonly perAddress: number;
  readonly isProxy: (address: string) => boolean;
};

type Connection = { readonly address: string; unanswered: number };

/**
 * Watches the connections of a server. Where there is no room for a new one, the connection that has
 * been idle longest makes it; the new one is refused only when none is idle. A connection with more than
 * MAX_UNANSWERED requests is closed.
 */
export function limitConnections(server: Server, limits: ConnectionLimits): void {
  const connections = new Map<Socket, Connection>();
  const perAddress = new Map<string, Set<Socket>>();
  /** Those without a request, the longest first. */
  const idle = new Set<Socket>();

  function makeRoom(among: ReadonlySet<Socket>, newcomer: Socket): void {
    const oldest = first(among, (socket) => idle.has(socket) && socket !== newcomer) ?? newcomer;
    forget(oldest);
    oldest.destroy();
  }

  function forget(socket: Socket): void {
    const connection = connections.get(socket);
    if (connection === undefined) return;
    connections.delete(socket);
    idle.delete(socket);
    const ofAddress = perAddress.get(connection.address);
    ofAddress?.delete(socket);
    if (ofAddress?.size === 0) perAddress.delete(connection.address);
  }

  /** A Set keeps the order of insertion, so what is added anew goes to its end. */
  function rest(socket: Socket, { address }: Connection): void {
    idle.delete(socket);
    idle.add(socket);
    const ofAddress = perAddress.get(address);
    ofAddress?.delete(socket);
    ofAddress?.add(socket);
  }

  server.prependListener('connection', (socket: Socket) => {
    const remote = socket.remoteAddress ?? '';
    const address = countedAs(remote);
    connections.set(socket, { address, unanswered: 0 });
    const ofAddress = perAddress.get(address) ?? new Set();
    perAddress.set(address, ofAddress.add(socket));
    idle.add(socket);
    socket.once('close', () => forget(socket));
    if (ofAddress.size > limits.perAddress && !limits.isProxy(remote)) makeRoom(ofAddress, socket);
    else if (connections.size > limits.total) makeRoom(idle, socket);
  });

  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const connection = connections.get(socket);
    if (connection === undefined) return;
    connection.unanswered += 1;
    idle.delete(socket);
    if (connection.unanswered > MAX_UNANSWERED) {
      socket.destroy();
      return;
    }
    response.once('close', () => {
      connection.unanswered -= 1;
      if (connection.unanswered === 0 && connections.has(socket)) rest(socket, connection);
    });
  });
}

function first<T>(items: Iterable<T>, wanted: (item: T) => boolean): T | undefined {
  for (const item of items) if (wanted(item)) return item;
  return undefined;
}

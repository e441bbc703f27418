import { createServer, type Server, type Socket } from 'node:net';
import { BrokerError } from './broker-error.ts';
import type { Incidents } from './incidents.ts';

const MAX_CONNECTIONS = 100;

/** What says that the machine has no IPv6 loopback. */
const noSuchAddress = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

type Options = { port: number; serve: (socket: Socket) => void; incidents: Incidents };

/**
 * Listens on the loopback addresses only, IPv4 and, where there is one, IPv6.
 * @throws {BrokerError} PORT_IN_USE
 */
export async function listenOnLoopback({ port: wanted, serve, incidents }: Options) {
  const sockets = new Set<Socket>();
  const servers: Server[] = [];

  function accept(socket: Socket): void {
    if (sockets.size >= MAX_CONNECTIONS) {
      incidents.report('connection refused: there are too many', { limit: MAX_CONNECTIONS });
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket);
  }

  function listen(host: string, port: number): Promise<number> {
    return new Promise((done, fail) => {
      const server = createServer(accept);
      server.once('error', fail);
      server.listen(port, host, () => {
        servers.push(server);
        const address = server.address();
        done(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  async function close(): Promise<void> {
    const closed = servers.map((server) => new Promise((done) => server.close(done)));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  }

  try {
    const port = await listen('127.0.0.1', wanted);
    await listen('::1', port).catch((error) => {
      if (!noSuchAddress.includes(error.code)) throw error;
    });
    return { port, close };
  } catch (error) {
    await close();
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new BrokerError(
      'PORT_IN_USE',
      `port ${wanted} is taken by another program: stop it, or set KAFKA_BROKERS to a Kafka`,
      { cause: error },
    );
  }
}

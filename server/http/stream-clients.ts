// The clients of the stream, as many as are served at once.
import type { StreamClient } from './stream-client.ts';

/** How many streams are served at once; beyond, a new one is refused. */
export type StreamLimits = { readonly clients: number; readonly perAddress: number };

export type StreamClients = Iterable<StreamClient> & {
  size(): number;
  /** Whether there is room for one more from this address. */
  admits(address: string): boolean;
  add(client: StreamClient): void;
  /** From now on it is gone; does nothing when it is already. */
  remove(client: StreamClient): void;
};

/** No clients. */
export function createStreamClients(limits: StreamLimits): StreamClients {
  const clients = new Set<StreamClient>();
  const perAddress = new Map<string, number>();
  const from = (address: string) => perAddress.get(address) ?? 0;
  return {
    [Symbol.iterator]: () => clients.values(),
    size: () => clients.size,
    admits: (address) => clients.size < limits.clients && from(address) < limits.perAddress,
    add(client) {
      clients.add(client);
      perAddress.set(client.address, from(client.address) + 1);
    },
    remove(client) {
      client.gone = true;
      if (!clients.delete(client)) return;
      const left = from(client.address) - 1;
      if (left > 0) perAddress.set(client.address, left);
      else perAddress.delete(client.address);
    },
  };
}

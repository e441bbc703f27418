// The hub of the stream: a snapshot first, then deltas, one encoded buffer for all clients. Nothing is
// added to a socket that still holds bytes: who does not read costs one frame, misses messages, and
// gets the newest snapshot when it reads again. States in between may be dropped, the last may not.
import type { Socket } from 'node:net';
import type { Clock } from './clock.ts';
import { lastFrame, retryFrame } from './event-frame.ts';
import type { Feed, Message } from './feed.ts';

/** Clients written to before the event loop gets a turn: ten thousand in one go would stop it for 190 ms. */
const SLICE = 128;
const STALLED_MS = 10_000;
const LIFE_MS = 600_000;

/** In place of a message number: the client has none yet; or a snapshot has been asked for it. */
const NONE = -1;
const ASKED = -2;

/** How many streams are served at once; beyond, a new one is refused. */
export type StreamLimits = { readonly clients: number; readonly perAddress: number };

/** The part of a socket that a stream uses. */
export type StreamSocket = Pick<
  Socket,
  'writableLength' | 'write' | 'destroy' | 'destroySoon' | 'once'
>;

type Client = {
  readonly socket: StreamSocket;
  readonly address: string;
  /** A stream ends after a while, so that clients spread over instances again; EventSource comes back. */
  readonly endsAt: number;
  /** The last message written to it, NONE or ASKED. */
  seq: number;
  /** When the last message was written; while its bytes are in the socket, it is stalled since then. */
  writtenAt: number;
};

/** The streams that are open. */
export type EventStream = {
  size(): number;
  /** Whether there is room for one more stream from this address. */
  admits(address: string): boolean;
  /** Streams to a socket on which the head of a chunked answer has been written. */
  open(socket: StreamSocket, address: string): void;
  /** Ends every stream and opens no more. */
  close(): void;
};

/** Creates the hub and attaches it to the feed. `random` gives [0, 1). */
export function createEventStream(deps: {
  feed: Feed;
  clock: Clock;
  random: () => number;
  limits: StreamLimits;
  /** Told why a client gets no snapshot. */
  failed: (error: unknown) => void;
}): EventStream {
  const { feed, clock, random, limits, failed } = deps;
  const clients = new Set<Client>();
  const perAddress = new Map<string, number>();
  let sending = false;
  let closed = false;

  function remove(client: Client): void {
    if (!clients.delete(client)) return;
    const left = (perAddress.get(client.address) ?? 1) - 1;
    if (left > 0) perAddress.set(client.address, left);
    else perAddress.delete(client.address);
  }

  function end(client: Client): void {
    remove(client);
    if (client.socket.writableLength > 0) client.socket.destroy();
    else {
      client.socket.write(lastFrame);
      client.socket.destroySoon();
    }
  }

  function drop(client: Client): void {
    remove(client);
    client.socket.destroy();
  }

  function write(client: Client, frame: Buffer, seq: number): void {
    client.socket.write(frame);
    client.seq = seq;
    client.writtenAt = clock.now();
  }

  async function refresh(client: Client): Promise<void> {
    client.seq = ASKED;
    try {
      const view = await feed.newest();
      if (!clients.has(client)) return;
      if (client.socket.writableLength > 0) client.seq = NONE;
      else write(client, view.frame(), view.seq);
    } catch (error) {
      // Without a snapshot there is no stream; the client comes back and asks again.
      drop(client);
      failed(error);
    }
  }

  function visit(client: Client, message: Message): void {
    const now = clock.now();
    if (now >= client.endsAt) {
      end(client);
    } else if (client.socket.writableLength > 0) {
      if (now - client.writtenAt >= STALLED_MS) drop(client);
    } else if (client.seq === message.base) {
      write(client, message.frame, message.seq);
    } else if (client.seq !== message.seq && client.seq !== ASKED) {
      void refresh(client);
    }
  }

  function send(message: Message): void {
    const queue = [...clients];
    let next = 0;
    sending = true;
    const slice = (): void => {
      for (const stop = next + SLICE; next < stop && next < queue.length; next++) {
        const client = queue[next]!;
        if (clients.has(client)) visit(client, message);
      }
      sending = next < queue.length;
      if (sending) setImmediate(slice);
    };
    slice();
  }

  feed.attach({ size: () => clients.size, busy: () => sending, send });

  return {
    size: () => clients.size,
    admits: (address) =>
      !closed &&
      clients.size < limits.clients &&
      (perAddress.get(address) ?? 0) < limits.perAddress,
    open(socket, address) {
      const now = clock.now();
      const endsAt = now + LIFE_MS * (0.8 + 0.4 * random());
      const client: Client = { socket, address, endsAt, seq: NONE, writtenAt: now };
      clients.add(client);
      perAddress.set(address, (perAddress.get(address) ?? 0) + 1);
      socket.once('close', () => remove(client));
      write(client, retryFrame, NONE);
      void refresh(client);
    },
    close() {
      closed = true;
      for (const client of clients) end(client);
    },
  };
}

// The hub of the stream: a snapshot first, then deltas, one encoded buffer for all clients. Nothing is
// added to a socket that still holds bytes: who does not read costs one frame, misses messages, and
// gets the newest snapshot when it reads again. States in between may be dropped, the last may not.
import type { Clock } from '../log/clock.ts';
import { type Frame, retryFrame } from './event-frame.ts';
import type { Feed, Message } from './feed.ts';
import {
  ASKED,
  endAnswer,
  isBehind,
  NONE,
  newClient,
  type StreamClient,
  type StreamSocket,
  writeFrame,
} from './stream-client.ts';
import { createStreamClients, type StreamLimits } from './stream-clients.ts';

/** Clients written to before the event loop gets a turn: ten thousand in one go would stop it for 190 ms. */
const SLICE = 128;
/** A client that takes no whole piece in this time is stalled; at 3.3 KB/s or more it is only slow. */
const STALLED_MS = 10_000;
const LIFE_MS = 600_000;
/** Bytes of all frames that are kept only because a client has not taken them; beyond, such clients are dropped. */
const MAX_KEPT_BYTES = 32 * 2 ** 20;

/** The streams that are open. */
export type EventStream = {
  size(): number;
  /** Messages that a stream did not get because it still held bytes of an earlier one. */
  dropped(): number;
  /** Whether there is room for one more stream from this address. */
  admits(address: string): boolean;
  /** Streams to a socket on which the head of the answer has been written. */
  open(socket: StreamSocket, address: string, chunked: boolean): void;
  /** Ends every stream and opens no more. */
  close(): void;
};

/** Creates the hub and attaches it to the feed. `random` gives [0, 1). */
export function createEventStream(deps: {
  feed: Feed;
  clock: Clock;
  random: () => number;
  limits: StreamLimits;
  /** Told why a client gets nothing. */
  failed: (error: unknown) => void;
}): EventStream {
  const { feed, clock, random, limits, failed } = deps;
  const clients = createStreamClients(limits);
  let sending = false;
  let dropped = 0;
  let closed = false;

  function end(client: StreamClient): void {
    clients.remove(client);
    endAnswer(client);
  }

  function drop(client: StreamClient): void {
    clients.remove(client);
    client.socket.destroy();
  }

  function write(client: StreamClient, frame: Frame, seq: number): void {
    writeFrame(client, frame, seq, clock.monotonic);
  }

  async function refresh(client: StreamClient): Promise<void> {
    client.seq = ASKED;
    try {
      const view = await feed.newest();
      if (client.gone) return;
      if (isBehind(client)) client.seq = NONE;
      else write(client, view.frame(), view.seq);
    } catch (error) {
      // Without a snapshot there is no stream; the client comes back and asks again.
      drop(client);
      failed(error);
    }
  }

  function visit(client: StreamClient, message: Message, kept: KeptFrames): void {
    const now = clock.monotonic();
    if (now >= client.endsAt) {
      end(client);
    } else if (isBehind(client)) {
      dropped += 1;
      if (now - client.progressAt >= STALLED_MS || !kept.admits(client.bytes)) drop(client);
    } else if (client.seq === message.base || (message.base === null && client.seq !== ASKED)) {
      write(client, message.frame, message.seq);
    } else if (client.seq !== message.seq && client.seq !== ASKED) {
      void refresh(client);
    }
  }

  function send(message: Message): void {
    const queue = [...clients];
    const kept = createKeptFrames();
    let next = 0;
    sending = true;
    const slice = (): void => {
      for (const stop = next + SLICE; next < stop && next < queue.length; next++) {
        const client = queue[next]!;
        if (client.gone) continue;
        try {
          visit(client, message, kept);
        } catch (error) {
          drop(client);
          failed(error);
        }
      }
      sending = next < queue.length;
      if (sending) setImmediate(slice);
    };
    slice();
  }

  feed.attach({ size: clients.size, busy: () => sending, send });

  return {
    size: clients.size,
    dropped: () => dropped,
    admits: (address) => !closed && clients.admits(address),
    open(socket, address, chunked) {
      const now = clock.monotonic();
      const endsAt = now + LIFE_MS * (0.8 + 0.4 * random());
      const client = newClient(socket, address, chunked, { now, endsAt });
      clients.add(client);
      socket.once('close', () => clients.remove(client));
      write(client, retryFrame, NONE);
      void refresh(client);
    },
    close() {
      closed = true;
      for (const client of [...clients]) end(client);
    },
  };
}

type KeptFrames = { admits(bytes: Buffer): boolean };

/** Counts the frames that are in memory only for those who are behind, each once. */
function createKeptFrames(): KeptFrames {
  const frames = new Set<Buffer>();
  let size = 0;
  return {
    admits(bytes) {
      if (frames.has(bytes)) return true;
      if (size + bytes.length > MAX_KEPT_BYTES) return false;
      frames.add(bytes);
      size += bytes.length;
      return true;
    },
  };
}

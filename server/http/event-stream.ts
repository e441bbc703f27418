// The hub of the stream: a snapshot first, then deltas, one encoded buffer for all clients. Nothing is
// added to a socket that still holds bytes: who does not read costs one frame, misses messages, and
// gets the newest snapshot when it reads again. States in between may be dropped, the last may not.
import type { Socket } from 'node:net';
import type { Clock } from '../log/clock.ts';
import { type Frame, lastChunk, retryFrame } from './event-frame.ts';
import type { Feed, Message } from './feed.ts';

/** Clients written to before the event loop gets a turn: ten thousand in one go would stop it for 190 ms. */
const SLICE = 128;
/** A long frame is written in pieces: Node tells only when a whole one has left, which shows a slow client. */
const PIECE = 32_768;
/** A client that takes no whole piece in this time is stalled; at 3.3 KB/s or more it is only slow. */
const STALLED_MS = 10_000;
const LIFE_MS = 600_000;
/** Different frames kept for those who are behind, in bytes; beyond, who is behind is dropped. */
const MAX_KEPT_BYTES = 32 * 2 ** 20;

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
  /** Whether the answer is chunked, as HTTP/1.1 has it. */
  readonly chunked: boolean;
  /** A stream ends after a while, so that clients spread over instances again; EventSource comes back. */
  readonly endsAt: number;
  /** The last message written to it, NONE or ASKED. */
  seq: number;
  /** The last frame written to it, and how many bytes of it the socket does not have yet. */
  bytes: Buffer;
  left: number;
  /** When the socket was last seen to take something; while bytes are in it, it is stalled since then. */
  progressAt: number;
};

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
  const clients = new Set<Client>();
  const perAddress = new Map<string, number>();
  let sending = false;
  let dropped = 0;
  let closed = false;

  function remove(client: Client): void {
    if (!clients.delete(client)) return;
    const left = (perAddress.get(client.address) ?? 1) - 1;
    if (left > 0) perAddress.set(client.address, left);
    else perAddress.delete(client.address);
  }

  function end(client: Client): void {
    remove(client);
    if (isBehind(client)) client.socket.destroy();
    else {
      if (client.chunked) client.socket.write(lastChunk);
      client.socket.destroySoon();
    }
  }

  function drop(client: Client): void {
    remove(client);
    client.socket.destroy();
  }

  function write(client: Client, frame: Frame, seq: number): void {
    client.seq = seq;
    client.bytes = client.chunked ? frame.chunked : frame.plain;
    client.progressAt = clock.monotonic();
    if (client.bytes.length <= PIECE) client.socket.write(client.bytes);
    else writePiece(client, 0);
  }

  function writePiece(client: Client, at: number): void {
    const next = Math.min(at + PIECE, client.bytes.length);
    client.left = client.bytes.length - next;
    client.socket.write(client.bytes.subarray(at, next), () => {
      client.progressAt = clock.monotonic();
      if (client.left > 0 && clients.has(client)) writePiece(client, next);
    });
  }

  async function refresh(client: Client): Promise<void> {
    client.seq = ASKED;
    try {
      const view = await feed.newest();
      if (!clients.has(client)) return;
      if (isBehind(client)) client.seq = NONE;
      else write(client, view.frame(), view.seq);
    } catch (error) {
      // Without a snapshot there is no stream; the client comes back and asks again.
      drop(client);
      failed(error);
    }
  }

  function visit(client: Client, message: Message, kept: KeptFrames): void {
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
        if (!clients.has(client)) continue;
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

  feed.attach({ size: () => clients.size, busy: () => sending, send });

  return {
    size: () => clients.size,
    dropped: () => dropped,
    admits: (address) =>
      !closed &&
      clients.size < limits.clients &&
      (perAddress.get(address) ?? 0) < limits.perAddress,
    open(socket, address, chunked) {
      const now = clock.monotonic();
      const endsAt = now + LIFE_MS * (0.8 + 0.4 * random());
      const bytes = Buffer.alloc(0);
      const client = {
        socket,
        address,
        chunked,
        endsAt,
        seq: NONE,
        bytes,
        left: 0,
        progressAt: now,
      };
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

function isBehind({ left, socket }: Client): boolean {
  return left > 0 || socket.writableLength > 0;
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

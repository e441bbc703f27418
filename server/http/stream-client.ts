// One client of the stream: what was written to it, and how far it has got.
import type { Socket } from 'node:net';
import { type Frame, lastChunk } from './event-frame.ts';

/** A long frame is written in pieces: Node tells only when a whole one has left, which shows a slow client. */
const PIECE = 32_768;

/** In place of a message number: the client has none yet; or a snapshot has been asked for it. */
export const NONE = -1;
export const ASKED = -2;

/** The part of a socket that a stream uses. */
export type StreamSocket = Pick<
  Socket,
  'writableLength' | 'write' | 'destroy' | 'destroySoon' | 'once'
>;

export type StreamClient = {
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
  /** Nothing is written to it any more. */
  gone: boolean;
};

/** A client to which nothing was written yet; times are monotonic, in ms. */
export function newClient(
  socket: StreamSocket,
  address: string,
  chunked: boolean,
  times: { readonly now: number; readonly endsAt: number },
): StreamClient {
  const bytes = Buffer.alloc(0);
  const { now, endsAt } = times;
  const empty = { seq: NONE, bytes, left: 0, progressAt: now, gone: false };
  return { socket, address, chunked, endsAt, ...empty };
}

/** Whether its socket still holds bytes of an earlier frame. */
export function isBehind({ left, socket }: StreamClient): boolean {
  return left > 0 || socket.writableLength > 0;
}

/** Writes a frame, message `seq`; `monotonic` is asked whenever the socket has taken something. */
export function writeFrame(
  client: StreamClient,
  frame: Frame,
  seq: number,
  monotonic: () => number,
): void {
  client.seq = seq;
  client.bytes = client.chunked ? frame.chunked : frame.plain;
  client.progressAt = monotonic();
  if (client.bytes.length <= PIECE) client.socket.write(client.bytes);
  else writePiece(client, 0, monotonic);
}

function writePiece(client: StreamClient, at: number, monotonic: () => number): void {
  const next = Math.min(at + PIECE, client.bytes.length);
  client.left = client.bytes.length - next;
  client.socket.write(client.bytes.subarray(at, next), () => {
    client.progressAt = monotonic();
    if (client.left > 0 && !client.gone) writePiece(client, next, monotonic);
  });
}

/** Ends the answer in good order, or, when the client is behind, at once. */
export function endAnswer(client: StreamClient): void {
  if (isBehind(client)) client.socket.destroy();
  else {
    if (client.chunked) client.socket.write(lastChunk);
    client.socket.destroySoon();
  }
}

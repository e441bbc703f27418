// One connection: one request at a time, answers in the order of the requests.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Broker } from './api.ts';
import { int16, int32, string, tags } from './fields.ts';
import { createFrames, MAX_FRAME_BYTES } from './frames.ts';
import { createReader, createWriter } from './wire.ts';

/** How much of the requests that follow is read while one is at work. */
const MAX_AHEAD_BYTES = 1024 * 1024;

/** Kafka's connections.max.idle.ms: a place is not kept for whoever says nothing. */
const MAX_IDLE_MS = 600_000;

const API_VERSIONS = 18;

type Peer = { readonly host: string; readonly gone: AbortSignal };

/** Why there is no answer, and to what. */
export type Closing = {
  readonly closes: string;
  readonly request: { readonly api: number | string; readonly version: number };
};

/** Answers one request: the frames to send, none for silence, or the end of the connection. */
export async function answerRequest(
  frame: Buffer,
  broker: Broker,
  { host, gone }: Peer,
): Promise<Buffer[] | Closing> {
  const reader = createReader(frame);
  const [key, version] = [int16.read(reader, 0), int16.read(reader, 0)];
  const correlationId = int32.read(reader, 0);
  const id = string.read(reader, 0);
  const api = broker.apis.find((each) => each.key === key);
  if (!api || version < api.versions[0] || version > api.versions[1]) {
    return { closes: 'a request that is not known', request: { api: api?.name ?? key, version } };
  }
  const writer = createWriter();
  reader.flexible = api.isFlexible(version);
  tags.read(reader, version);
  // ApiVersions is answered before the client can know what is flexible, hence with the old header.
  writer.flexible = reader.flexible && key !== API_VERSIONS;
  tags.write(writer, null, version);
  writer.flexible = reader.flexible;
  const outcome = await api.serve(reader, broker, { id, host, version, gone }, writer);
  if (writer.overflown()) {
    return { closes: 'an answer that is too large', request: { api: api.name, version } };
  }
  if (outcome === 'answer') return writer.finish(correlationId);
  return outcome === 'silence' ? [] : { closes: outcome, request: { api: api.name, version } };
}

/** Serves a client until it goes, or sends what is not Kafka. */
export function serveConnection(socket: Socket, broker: Broker): void {
  const frames = createFrames();
  const gone = new AbortController();
  const peer = { host: `/${socket.remoteAddress}`, gone: gone.signal };
  const { incidents } = broker;
  const memory = broker.memory.join(() => {
    incidents.report('connection closed: too much is held for all connections together');
    socket.destroy();
  });
  let working = false;
  /** Bytes of the request at work, then of its answer. */
  let inHand = 0;

  socket.setNoDelay(true);
  socket.setTimeout(MAX_IDLE_MS, () => {
    if (!working) socket.destroy();
  });
  socket.on('data', (chunk) => {
    frames.push(chunk);
    hold(inHand);
    if (working && frames.buffered() > MAX_AHEAD_BYTES) socket.pause();
    if (!working) void work();
  });
  socket.on('error', (error) => broker.logger.debug('connection lost', { error: error.message }));
  socket.on('close', () => {
    gone.abort();
    memory.leave();
  });

  function hold(bytes: number): void {
    inHand = bytes;
    memory.hold(frames.buffered() + bytes);
  }

  async function work(): Promise<void> {
    working = true;
    try {
      for (let frame = frames.next(); frame !== null; frame = frames.next()) {
        if (frame === 'invalid') {
          const { reason, bytes } = frames.fault();
          return end(reason, { bytes, most: MAX_FRAME_BYTES });
        }
        hold(frame.length);
        const outcome = await answerRequest(frame, broker, peer);
        if (socket.destroyed) return;
        if (!Array.isArray(outcome)) return end(outcome.closes, outcome.request);
        if (outcome.length > 0) await send(outcome);
        hold(0);
      }
      working = false;
      socket.resume();
    } catch (error) {
      broker.logger.error('embedded broker: a request failed', { error });
      socket.destroy();
    }
  }

  /** Closes when what was written has been sent; what arrives from now on is ignored. */
  function end(reason: string, fields: object): void {
    incidents.report(`connection closed: ${reason}`, { ...fields });
    working = false;
    socket.removeAllListeners('data');
    socket.resume();
    socket.destroySoon();
  }

  /** Waits for a slow reader, so that no more than one answer per connection is held for it. */
  async function send(parts: readonly Buffer[]): Promise<void> {
    hold(parts.reduce((sum, part) => sum + part.length, 0));
    socket.cork();
    let flows = true;
    for (const part of parts) flows = socket.write(part);
    socket.uncork();
    if (flows) return;
    await once(socket, 'drain', { signal: gone.signal }).catch(() => {});
  }
}

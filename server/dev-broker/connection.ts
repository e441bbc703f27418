// One connection: one request at a time, answers in the order of the requests.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Broker } from './api.ts';
import { int16, int32, string } from './fields.ts';
import { createFrames } from './frames.ts';
import { createReader, createWriter } from './wire.ts';

/** How much of the requests that follow is read while one is at work. */
const MAX_AHEAD_BYTES = 1024 * 1024;

type Peer = { readonly host: string; readonly gone: AbortSignal };

/** Answers one request: the frames to send, silence, or the end of the connection. */
export async function answerRequest(
  frame: Buffer,
  broker: Broker,
  { host, gone }: Peer,
): Promise<Buffer[] | 'silence' | 'close'> {
  const reader = createReader(frame);
  const [key, version] = [int16.read(reader, 0), int16.read(reader, 0)];
  const correlationId = int32.read(reader, 0);
  const id = string.read(reader, 0);
  const api = broker.apis.find((each) => each.key === key);
  if (!api || version < api.versions[0] || version > api.versions[1]) return 'close';
  const writer = createWriter();
  const outcome = await api.serve(reader, broker, { id, host, version, gone }, writer);
  return outcome === 'answer' ? writer.finish(correlationId) : outcome;
}

/** Serves a client until it goes, or sends what is not Kafka. */
export function serveConnection(socket: Socket, broker: Broker): void {
  const frames = createFrames();
  const gone = new AbortController();
  const peer = { host: `/${socket.remoteAddress}`, gone: gone.signal };
  let working = false;

  socket.setNoDelay(true);
  socket.on('data', (chunk) => {
    frames.push(chunk);
    if (working && frames.buffered() > MAX_AHEAD_BYTES) socket.pause();
    if (!working) void work();
  });
  socket.on('error', (error) => broker.logger.debug('connection lost', { error: error.message }));
  socket.on('close', () => gone.abort());

  async function work(): Promise<void> {
    working = true;
    try {
      for (let frame = frames.next(); frame !== null; frame = frames.next()) {
        const outcome = frame === 'invalid' ? 'close' : await answerRequest(frame, broker, peer);
        if (socket.destroyed) return;
        if (outcome === 'close') return end();
        if (outcome !== 'silence') await send(outcome);
      }
      working = false;
      socket.resume();
    } catch (error) {
      broker.logger.error('embedded broker: a request failed', { error });
      end();
    }
  }

  /** Closes after what is on its way; what else arrives is not looked at. */
  function end(): void {
    socket.removeAllListeners('data');
    socket.resume();
    socket.destroySoon();
  }

  /** Waits for a slow reader, so that no more than one answer per connection is held for it. */
  async function send(parts: readonly Buffer[]): Promise<void> {
    socket.cork();
    let flows = true;
    for (const part of parts) flows = socket.write(part);
    socket.uncork();
    if (flows) return;
    await once(socket, 'drain', { signal: gone.signal }).catch(() => {});
  }
}

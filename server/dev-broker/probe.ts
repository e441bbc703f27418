import { connect } from 'node:net';
import { createFrames } from './frames.ts';

const CORRELATION_ID = 0x70726f62;
/** Size, ApiVersions (18) version 0, correlation id, no client id. */
const question = Buffer.from('0000000a0012000070726f62ffff', 'hex');

/** Who listens there: a Kafka broker, which answers ApiVersions, something else, or nobody. */
export function probeKafka(
  host: string,
  port: number,
  { timeoutMs = 3000 } = {},
): Promise<'kafka' | 'other' | 'nothing'> {
  return new Promise((resolve) => {
    const frames = createFrames();
    const socket = connect({ host, port });
    let connected = false;
    const finish = (answer: 'kafka' | 'other' | 'nothing') => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => finish(connected ? 'other' : 'nothing'));
    socket.on('connect', () => {
      connected = true;
      socket.write(question);
    });
    socket.on('data', (chunk) => {
      frames.push(chunk);
      const frame = frames.next();
      if (frame === null) return;
      const isAnswer = frame !== 'invalid' && frame.readInt32BE() === CORRELATION_ID;
      finish(isAnswer ? 'kafka' : 'other');
    });
    socket.on('error', () => finish(connected ? 'other' : 'nothing'));
    socket.on('close', () => finish(connected ? 'other' : 'nothing'));
  });
}

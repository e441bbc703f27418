// The two ends of a fan-out in C: what any server has to spend on its clients, and clients that cost little.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { projectRoot } from '../../server/cli/project-root.ts';
import { AppError } from '../../server/errors.ts';

const run = promisify(execFile);
const source = fileURLToPath(new URL('test/bench/c/fan-out.c', projectRoot));

/** What has happened at one end since it was last asked. */
export type Told = {
  readonly events: number;
  readonly bytes: number;
  readonly cpuSeconds: number;
  /** Streams that are open. */
  readonly open: number;
};

export type FanOutEnd = { readonly first: string; ask(): Promise<Told>; end(): Promise<unknown> };

export type FanOut = Awaited<ReturnType<typeof buildFanOut>>;

/** Builds it; resolves with how to start either end. Throws an AppError where that cannot be. */
export async function buildFanOut() {
  const program = join(await mkdtemp(join(tmpdir(), 'bench-fan-out-')), 'fan-out');
  await run('cc', ['-O2', '-o', program, source]).catch((cause: unknown) => {
    const words = 'the C program for comparison takes Linux and cc (Debian: apt-get install gcc)';
    throw new AppError('REQUIREMENT', words, false, { cause });
  });

  async function start(...args: (string | number)[]): Promise<FanOutEnd> {
    const child = spawn(program, args.map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
    const exited = once(child, 'close');
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async () => {
      const { value, done } = await lines.next();
      if (done)
        throw new Error(`fan-out ${args.join(' ')} has ended: are there enough descriptors?`);
      return value;
    };
    return {
      first: await next(),
      async ask() {
        child.stdin.write('\n');
        return JSON.parse(await next()) as Told;
      },
      end() {
        child.stdin.end();
        return exited;
      },
    };
  }

  return {
    /** A server that only sends; its port is the first that it says. */
    send: (streams: number, bytes: number) => start('send', streams, bytes),
    /** As many streams of the service at this port. */
    receive: (streams: number, port: number) => start('receive', streams, port),
  };
}

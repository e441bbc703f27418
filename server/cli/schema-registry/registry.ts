// One Apicurio Registry as a child process: a real schema registry that speaks Confluent's API.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import { prepareRegistry } from './installation.ts';

/** A registry that answers. */
export type RunningRegistry = {
  /** Of Confluent's API: what SCHEMA_REGISTRY_URL is set to. */
  readonly url: string;
  readonly pid: number;
  /** Ends it in good order. */
  stop(): Promise<void>;
  /** Ends it as a crash would (SIGKILL). */
  kill(): Promise<void>;
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<void>;
};

const POLL_MS = 100;
const ANSWER_MS = 5000;

/**
 * Starts a registry on localhost, in memory, and resolves when it answers; rejects with what it said when
 * it ends before. `signal` ends it in good order, also while it starts.
 */
export async function startRegistry(options: {
  port: number;
  /** Told what it writes. */
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}): Promise<RunningRegistry> {
  const { port, onLine, signal } = options;
  const { jar } = await prepareRegistry();
  const child = spawn('java', ['-Xmx256m', '-jar', jar], {
    env: {
      PATH: process.env.PATH,
      QUARKUS_HTTP_HOST: '127.0.0.1',
      QUARKUS_HTTP_PORT: `${port}`,
      // It writes a line for every request otherwise.
      QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal && { signal }),
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      onLine?.(line);
      if (said.length < 100) said.push(line);
    });
  }
  let ended = false;
  let failure: unknown;
  const exited = new Promise<void>((end) => child.once('close', () => end()));
  void exited.then(() => {
    ended = true;
  });
  child.once('error', (error) => {
    failure = error;
  });
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  for (let up = false; !up; up = await answers(url)) {
    await pause(POLL_MS);
    if (failure !== undefined) throw failure;
    if (ended) {
      throw new AppError('REGISTRY_START', `the registry did not start: ${said.join('\n')}`, false);
    }
  }
  const end = (name: NodeJS.Signals) => {
    child.kill(name);
    return exited;
  };
  return { url, pid: child.pid!, stop: () => end('SIGTERM'), kill: () => end('SIGKILL'), exited };
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(`${url}/schemas/types`, {
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => null);
  await response?.body?.cancel();
  return response?.ok ?? false;
}

// One Apache Kafka broker (KRaft, its own controller) as a child process.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AppError } from '../../errors.ts';
import { projectRoot } from '../project-root.ts';
import { prepareKafka } from './installation.ts';
import { type Placement, readSettings, serverProperties } from './settings.ts';

const run = promisify(execFile);
const logging = fileURLToPath(new URL('server/cli/apache-kafka/log4j2.yaml', projectRoot));

/** A broker that listens. */
export type RunningKafka = {
  /** host:port for clients. */
  readonly brokers: string;
  readonly pid: number;
  /** Ends it in good order. */
  stop(): Promise<void>;
  /** Ends it as a crash would (SIGKILL). */
  kill(): Promise<void>;
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<void>;
};

/**
 * Starts a broker on localhost and resolves when it listens; rejects with what it said when it ends
 * before. A folder without data is formatted first; one with data is gone on with. `signal` ends it
 * in good order, also while it starts.
 */
export async function startKafka(
  options: Placement & {
    /** Told what it writes once it listens. */
    onLine?: (line: string) => void;
    signal?: AbortSignal;
  },
): Promise<RunningKafka> {
  const { classpath } = await prepareKafka();
  const settings = readSettings(await readFile(new URL('docker-compose.yml', projectRoot), 'utf8'));
  const directory = resolve(options.directory);
  const config = join(directory, 'server.properties');
  const jvm = [...settings.jvmOptions, `-Dlog4j2.configurationFile=${logging}`, '-cp', classpath];
  const logs = join(directory, 'logs');

  await mkdir(directory, { recursive: true });
  await writeFile(config, serverProperties(settings, { ...options, directory: logs }));
  if (!existsSync(join(logs, 'meta.properties'))) {
    const format = ['format', '-t', settings.clusterId, '-c', config];
    await run('java', [...jvm, 'kafka.tools.StorageTool', ...format]);
  }

  const child = spawn('java', [...jvm, 'kafka.Kafka', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.signal && { signal: options.signal }),
  });
  const exited = new Promise<void>((end) => child.once('close', () => end()));
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };
  await new Promise<void>((ready, fail) => {
    const said: string[] = [];
    let hear = (line: string) => {
      said.push(line);
      if (!line.includes('Kafka Server started')) return;
      hear = options.onLine ?? (() => {});
      ready();
    };
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => hear(line));
    }
    child.once('error', fail);
    child.once('close', () => fail(startError(said)));
  });
  return {
    brokers: `localhost:${options.port}`,
    pid: child.pid!,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    exited,
  };
}

// Of a page of stack traces, the first exception's message says what is wrong.
function startError(said: readonly string[]): AppError {
  const exception = said.find((line) => line.includes('Exception: '));
  const reason = exception?.split('Exception: ')[1] ?? said.join('\n');
  return new AppError('KAFKA_START', `Apache Kafka did not start: ${reason}`, false);
}

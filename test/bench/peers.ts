// Programs of others that drain the same backlog: Kafka's own consumer benchmark, which counts records and
// looks into none of them, and a Kafka Streams program with the same averages.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { prepareKafka } from '../../server/cli/apache-kafka/installation.ts';
import { maven, prepareJavaProgram } from '../../server/cli/maven.ts';
import { projectRoot } from '../../server/cli/project-root.ts';
import type { Result } from './drain.ts';

const run = promisify(execFile);

export type Task = { readonly brokers: string; readonly topic: string; readonly orders: number };

export const PERF_TEST = 'kafka-consumer-perf-test';
export const STREAMS = 'Kafka Streams';
const STREAMS_ONCE = 'Kafka Streams, exactly-once';

/** Each takes Java; it throws when its answer has another form. */
export const PEERS: Readonly<Record<string, (task: Task) => Promise<Result>>> = {
  [PERF_TEST]: perfTest,
  [STREAMS]: (task) => streams(task, 'at_least_once'),
  [STREAMS_ONCE]: (task) => streams(task, 'exactly_once_v2'),
};

/** Columns of its one line of numbers: the time of fetching alone, without the joining of the group. */
const RECORDS = 4;
const FETCH_MS = 7;

async function perfTest({ brokers, topic, orders }: Task): Promise<Result> {
  const { classpath } = await prepareKafka();
  const program = ['-cp', classpath, 'org.apache.kafka.tools.ConsumerPerformance'];
  const options = ['--bootstrap-server', brokers, '--topic', topic, '--messages', String(orders)];
  const { stdout } = await run('java', [...program, ...options, '--timeout', '30000']);
  const columns = stdout.trim().split('\n').at(-1)!.split(',');
  const records = Number(columns[RECORDS]);
  const seconds = Number(columns[FETCH_MS]) / 1000;
  if (!(records >= orders && seconds > 0)) throw new Error(`no result of the peer:\n${stdout}`);
  return { orders: records, seconds, cpuSeconds: null, rssBytes: null, loopDelayMs: null };
}

// Java compiles a program of one file when it starts it. It is a source: the build leaves it where it is.
const source = fileURLToPath(new URL('test/bench/java/Averages.java', projectRoot));
const pom = fileURLToPath(new URL('test/bench/java/pom.xml', projectRoot));

async function streams({ brokers, topic, orders }: Task, guarantee: string): Promise<Result> {
  const goal = ['-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime'];
  const jars = await prepareJavaProgram({
    name: 'Kafka Streams',
    size: 'about 90 MB',
    folder: 'kafka-streams-lib',
    madeFrom: await readFile(pom, 'utf8'),
    fetch: (into) => maven([...goal, `-DoutputDirectory=${into}`]),
  });
  const state = await mkdtemp(join(tmpdir(), 'bench-streams-'));
  try {
    const program = ['-cp', join(jars, '*'), source];
    const args = [brokers, topic, String(orders), guarantee, state];
    const { stdout } = await run('java', [...program, ...args], { timeout: 300_000 });
    const { seconds, cpuSeconds, rssBytes } = JSON.parse(stdout.trim().split('\n').at(-1)!);
    return { orders, seconds, cpuSeconds, rssBytes, loopDelayMs: null };
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}

// Kafka's own consumer benchmark, which counts records and looks into none of them.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { prepareKafka } from '../../server/cli/apache-kafka/installation.ts';
import type { Result } from './drain.ts';

const run = promisify(execFile);

/** Columns of its one line of numbers: the time of fetching alone, without the joining of the group. */
const RECORDS = 4;
const FETCH_MS = 7;

/** Lets kafka-consumer-perf-test drain the backlog; takes Java. Throws when its answer has another form. */
export async function perfTest(brokers: string, topic: string, orders: number): Promise<Result> {
  const { classpath } = await prepareKafka();
  const program = ['-cp', classpath, 'org.apache.kafka.tools.ConsumerPerformance'];
  const options = ['--bootstrap-server', brokers, '--topic', topic, '--messages', String(orders)];
  const { stdout } = await run('java', [...program, ...options, '--timeout', '30000']);
  const columns = stdout
    .trim()
    .split('\n')
    .at(-1)!
    .split(',')
    .map((each) => each.trim());
  const records = Number(columns[RECORDS]);
  const seconds = Number(columns[FETCH_MS]) / 1000;
  if (!(records >= orders && seconds > 0)) throw new Error(`no result of the peer:\n${stdout}`);
  return { orders: records, seconds, cpuSeconds: null, rssBytes: null, loopDelayMs: null };
}

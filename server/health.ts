// How this instance is, in words: what it waits for, what has stopped, whether Kafka answers.
import type { Config } from './config.ts';
import { describe } from './errors.ts';
import type { Status } from './http/contract.ts';
import type { Clock } from './stream/clock.ts';
import type { TaskFailure } from './stream/tasks.ts';

export type Health = {
  /** Kafka answers, or does not and why. */
  kafka(up: boolean, error?: unknown): void;
  caughtUp(): void;
  joined(): void;
  stopping(): void;
  /** A reason for not being ready that can go away again: null removes it. */
  problem(key: string, words: string | null): void;
  /** Something stopped for good. */
  failed(reason: string): void;
  status(tasks: { restoring: readonly number[]; failures: readonly TaskFailure[] }): Status;
};

/** The health of one instance. */
export function createHealth(deps: {
  config: Config;
  brokers: readonly string[];
  embedded: boolean;
  startedAt: number;
  clock: Clock;
}): Health {
  const { config, embedded, startedAt, clock } = deps;
  const brokers = deps.brokers.join(', ');
  const failures = new Set<string>();
  const problems = new Map<string, string>();
  let phase: 'starting' | 'running' | 'stopping' = 'starting';
  let link = { up: false, since: startedAt, error: null as string | null };
  let isCaughtUp = false;
  let isMember = false;

  function reasons({ restoring, failures: stopped }: Parameters<Health['status']>[0]): string[] {
    if (phase === 'stopping') return ['the service is stopping'];
    const words = [...failures, ...problems.values()];
    for (const { partition, reason } of stopped) {
      words.push(`${config.ORDERS_TOPIC}[${partition}] has stopped: ${reason}`);
    }
    if (!link.up)
      words.push(`Kafka is unreachable at ${brokers}${link.error ? ` (${link.error})` : ''}`);
    else if (!isCaughtUp) words.push('reading what the group has come to');
    else if (!isMember) words.push(`joining the group ${config.GROUP_ID}`);
    if (restoring.length > 0) words.push(`restoring partitions ${restoring.join(', ')}`);
    return words;
  }

  return {
    kafka(up, error) {
      const words = error === undefined ? null : describe(error);
      link = { up, since: up === link.up ? link.since : clock.now(), error: up ? null : words };
    },
    caughtUp() {
      isCaughtUp = true;
    },
    joined() {
      isMember = true;
      phase = phase === 'starting' ? 'running' : phase;
    },
    stopping() {
      phase = 'stopping';
    },
    problem(key, words) {
      if (words === null) problems.delete(key);
      else problems.set(key, words);
    },
    failed: (reason) => void failures.add(reason),
    status(tasks) {
      const words = reasons(tasks);
      const notReady = phase === 'running' ? 'not-ready' : phase;
      return {
        phase: words.length === 0 ? 'ready' : notReady,
        reasons: words,
        kafka: {
          brokers,
          embedded,
          up: link.up,
          since: new Date(link.since).toISOString(),
          error: link.error,
        },
        topic: config.ORDERS_TOPIC,
        group: config.GROUP_ID,
        startedAt: new Date(startedAt).toISOString(),
        hints: {
          start: 'npm start',
          produce: 'npm run produce -- --rate 5',
          kafka: embedded ? 'KAFKA_BROKERS=localhost:9092 npm start' : 'docker compose up -d',
        },
      };
    },
  };
}

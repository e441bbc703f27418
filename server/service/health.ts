// How this instance is, in words: what it waits for, what has stopped, whether Kafka answers. It reads
// what the others have reported, and tells nobody.
import type { Config } from '../config.ts';
import type { Status } from '../http/contract.ts';
import type { Clock } from '../log/clock.ts';
import type { Progress } from '../log/progress.ts';
import type { TaskFailure } from '../task/tasks-status.ts';
import { hintsOf, type Launcher } from './hints.ts';
import type { Trouble } from './incidents.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Reported, Reports } from './reports.ts';
import { type Stalls, slow, stuck } from './stalls.ts';

/** The session of the group is 10 s: after it the coordinator has given our partitions away. */
const HEARTBEAT_BOUND_MS = 12_000;

/** What the tasks of this instance say of themselves. */
export type TaskStatus = {
  readonly restoring: readonly number[];
  readonly failures: readonly TaskFailure[];
  /** Taken over by another instance; they wait for the next join. */
  readonly fenced: readonly number[];
};

export type HealthReader = {
  /** Everything that is wrong now and worth a line in the log. */
  incidents(): Trouble[];
  status(): Status;
};

type Sources = {
  config: Config;
  brokers: readonly string[];
  embedded: boolean;
  launcher: Launcher;
  /** Ms since 1970. */
  startedAt: number;
  clock: Pick<Clock, 'monotonic'>;
  lifecycle: Pick<Lifecycle, 'phase' | 'since'>;
  reports: Pick<Reports, 'read'>;
  tasks: () => TaskStatus;
  /** In ms; null: no member of the group. */
  heartbeatAge: () => number | null;
  stalls: Stalls;
  /** What the tasks think worth knowing. */
  taskNotes: Progress['notes'];
};

/** The health of one instance; all sources are asked at every look. */
export function createHealth(sources: Sources): HealthReader {
  const { lifecycle, reports, tasks } = sources;
  const hints = hintsOf(sources);
  return {
    incidents() {
      if (lifecycle.phase === 'STOPPING') return [];
      const reported = reports.read();
      // At the start the reason may be known a moment later than the silence: the line in the log waits for it.
      const isTold = ({ key }: Trouble) => key !== 'kafka' || reported.link.error !== null;
      return [
        ...troubles(sources, reported, tasks()).filter(isTold),
        ...remarks(sources, reported),
      ];
    },
    status() {
      const reported = reports.read();
      const running = tasks();
      const stopping = lifecycle.phase === 'STOPPING';
      const reasons = stopping
        ? ['the service is stopping']
        : [
            ...troubles(sources, reported, running).map(({ words }) => words),
            ...steps(sources, reported, running),
          ];
      const notes = stopping ? [] : remarks(sources, reported).map(({ words }) => words);
      const stopped = running.failures.map(({ partition, reason }) => ({ partition, reason }));
      const phase = phaseOf(lifecycle, reasons);
      return { phase, reasons, notes, stopped, hints, ...facts(sources, reported) };
    },
  };
}

/** What a reader of the page wants to know whatever the state. */
function facts(
  { config, brokers, embedded, startedAt }: Sources,
  { link }: Reported,
): Omit<Status, 'phase' | 'reasons' | 'notes' | 'stopped' | 'hints'> {
  const { up, since, error } = link;
  return {
    kafka: {
      brokers: brokers.join(', '),
      embedded,
      storage: embedded ? (config.BROKER_MEMORY ? 'memory' : 'folder') : null,
      up,
      since: new Date(since).toISOString(),
      error,
    },
    topic: config.ORDERS_TOPIC,
    deadLetterTopic: config.DLQ_TOPIC,
    group: config.GROUP_ID,
    startedAt: new Date(startedAt).toISOString(),
  };
}

function phaseOf({ phase }: Sources['lifecycle'], reasons: readonly string[]): Status['phase'] {
  if (phase === 'STOPPING') return 'stopping';
  if (reasons.length === 0) return 'ready';
  return phase === 'RUNNING' ? 'not-ready' : 'starting';
}

/** What keeps this instance from being ready; never two explanations of one problem. */
function troubles(sources: Sources, reported: Reported, { fenced }: TaskStatus): Trouble[] {
  const { config, stalls } = sources;
  const final = [...reported.failures].map((words) => ({ key: words, words, final: true }));
  const away = linkTrouble(sources, reported);
  if (away !== null) return [...final, away];
  const group = groupTrouble(sources, reported);
  return [
    ...final,
    ...[...reported.problems].map(([key, words]) => ({ key, words })),
    ...(group === null ? [] : [group]),
    ...fenced.map((partition) => ({
      key: 'fenced',
      words: `${config.ORDERS_TOPIC}[${partition}] was taken over by another instance; waiting for the next join`,
    })),
    ...stalls.ofTasks().flatMap((stall) => stuck(stall, '')),
    ...stalls.ofView().flatMap((stall) => stuck(stall, '; what is shown of it is old')),
  ];
}

function linkTrouble(sources: Sources, { link }: Reported): Trouble | null {
  if (link.up) return null;
  const brokers = sources.brokers.join(', ');
  const words = `Kafka is unreachable at ${brokers}${link.error === null ? '' : ` (${link.error})`}`;
  return { key: 'kafka', words, over: `Kafka answers at ${brokers}` };
}

function groupTrouble(sources: Sources, { membership }: Reported): Trouble | null {
  const { config, clock, lifecycle, heartbeatAge } = sources;
  const group = config.GROUP_ID;
  const { phase, since } = lifecycle;
  const { member, error } = membership;
  const over = `in the group ${group}`;
  if (!member && error !== null) {
    const words = phase === 'RUNNING' ? 'out of the group' : 'cannot join the group';
    return { key: 'group', words: `${words} ${group}: ${error}`, over };
  }
  if (!member && phase === 'RUNNING') {
    return { key: 'group', words: `out of the group ${group}, joining it again`, over };
  }
  if (phase === 'JOINING' && clock.monotonic() - since > HEARTBEAT_BOUND_MS) {
    return { key: 'group', words: `the group ${group} does not let this instance in yet`, over };
  }
  const age = heartbeatAge();
  return age !== null && age > HEARTBEAT_BOUND_MS
    ? { key: 'group', words: `the group ${group} does not answer heartbeats`, over }
    : null;
}

/** Steps on the way to being ready, which are no incidents. */
function steps(sources: Sources, reported: Reported, running: TaskStatus): string[] {
  const { config, lifecycle } = sources;
  const words = running.failures.map(
    ({ partition, reason }) => `${config.ORDERS_TOPIC}[${partition}] has stopped: ${reason}`,
  );
  if (reported.link.up && reported.reading) words.push('reading what the group has come to');
  else if (reported.link.up && lifecycle.phase === 'JOINING') {
    if (groupTrouble(sources, reported) === null) {
      words.push(`joining the group ${config.GROUP_ID}`);
    }
  }
  if (running.restoring.length > 0) {
    words.push(`restoring partitions ${running.restoring.join(', ')}`);
  }
  return words;
}

/** What is worth knowing and keeps nothing from being ready. */
function remarks({ config, stalls, taskNotes }: Sources, { link, notes }: Reported): Trouble[] {
  if (!link.up) return [];
  return [
    ...[...notes].map(([key, words]) => ({ key, words })),
    ...taskNotes().map((words) => ({ key: words, words })),
    ...stalls.ofTasks().flatMap((stall) => slow(stall, config)),
  ];
}

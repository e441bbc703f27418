// How this instance is, in words: what it waits for, what has stopped, whether Kafka answers.
//
//   STARTING ──join──▶ JOINING ──member──▶ RUNNING
//      └──────────────────┴───────────────────┴──stop──▶ STOPPING
import type { Config } from '../config.ts';
import { describe } from '../errors.ts';
import type { Status } from '../http/contract.ts';
import type { Clock } from '../log/clock.ts';
import type { Progress, Stall } from '../log/progress.ts';
import type { TaskFailure } from '../task/tasks.ts';
import { hintsOf, type Launcher } from './hints.ts';
import type { Condition } from './incidents.ts';
import { createLink } from './link.ts';
import { slow, stuck } from './stall-words.ts';

/** Fetches are answered every 100 ms and appends within ms; so long without either is no hiccup. */
const STALL_BOUND_MS = 5000;
/** The session of the group is 10 s: after it the coordinator has given our partitions away. */
const HEARTBEAT_BOUND_MS = 12_000;

type Phase = 'STARTING' | 'JOINING' | 'RUNNING' | 'STOPPING';

const NEXT: Record<Phase, readonly Phase[]> = {
  STARTING: ['JOINING', 'STOPPING'],
  JOINING: ['RUNNING', 'STOPPING'],
  RUNNING: ['STOPPING'],
  STOPPING: [],
};

/** What the tasks of this instance say of themselves. */
export type TaskStatus = {
  readonly restoring: readonly number[];
  readonly failures: readonly TaskFailure[];
  /** Taken over by another instance; they wait for the next join. */
  readonly fenced: readonly number[];
};

export type Health = {
  /** Kafka answers, or does not and why. */
  kafka(up: boolean, error?: unknown): void;
  /** A connection to Kafka could not be made. */
  unconnected(reason: string): void;
  /** The view of the group has read all that stood in the topics. */
  caughtUp(): void;
  /** Asking to be let into the group begins. */
  joining(): void;
  /** Whether this instance is in the group, and why not. */
  member(state: { readonly member: boolean; readonly error: string | null }): void;
  stopping(): void;
  /** Something stopped for good. */
  failed(reason: string): void;
  /** A reason for not being ready that can go away again: null takes it back. */
  problem(key: string, words: string | null): void;
  /** Something worth knowing that stops nothing: null takes it back. */
  note(key: string, words: string | null): void;
  /** Partitions whose checkpoints cannot be followed at the moment: what is shown of them is old. */
  oldHeads(): ReadonlySet<number>;
  /** Partitions of which some log cannot be read for the view at the moment. */
  unread(): ReadonlySet<number>;
  /** Everything that is wrong now and worth a line in the log. */
  incidents(): Condition[];
  status(): Status;
};

/** The health of one instance. `tasks` and `heartbeatAge` (ms, null: no member) are asked at every look. */
export function createHealth(deps: {
  config: Config;
  brokers: readonly string[];
  embedded: boolean;
  launcher: Launcher;
  startedAt: number;
  clock: Clock;
  tasks: () => TaskStatus;
  heartbeatAge: () => number | null;
  /** What the tasks wait for, and what the view of the group waits for. */
  progress: { readonly tasks: Progress; readonly view: Progress };
}): Health {
  const { config, embedded, launcher, startedAt, clock, tasks, heartbeatAge, progress } = deps;
  const brokers = deps.brokers.join(', ');
  const group = config.GROUP_ID;
  const hints = hintsOf({ config, brokers: deps.brokers, embedded, launcher });
  const storage = embedded ? (config.BROKER_MEMORY ? 'memory' : 'folder') : null;
  const failures = new Set<string>();
  const problems = new Map<string, string>();
  const notes = new Map<string, string>();
  const link = createLink(clock);
  let phase: Phase = 'STARTING';
  let reading = true;
  let phaseSince = clock.monotonic();
  let membership = { member: false, error: null as string | null };

  function to(next: Phase): void {
    if (!NEXT[phase].includes(next)) throw new TypeError(`a service in ${phase} cannot be ${next}`);
    phase = next;
    phaseSince = clock.monotonic();
  }

  function linkTrouble(): Condition | null {
    const { up, error } = link.state();
    if (up) return null;
    const words = `Kafka is unreachable at ${brokers}${error === null ? '' : ` (${error})`}`;
    return { key: 'kafka', words, over: `Kafka answers at ${brokers}` };
  }

  function groupTrouble(): Condition | null {
    const { member, error } = membership;
    const over = `in the group ${group}`;
    if (!member && error !== null) {
      const words = phase === 'RUNNING' ? 'out of the group' : 'cannot join the group';
      return { key: 'group', words: `${words} ${group}: ${error}`, over };
    }
    if (!member && phase === 'RUNNING') {
      return { key: 'group', words: `out of the group ${group}, joining it again`, over };
    }
    if (phase === 'JOINING' && clock.monotonic() - phaseSince > HEARTBEAT_BOUND_MS) {
      return { key: 'group', words: `the group ${group} does not let this instance in yet`, over };
    }
    const age = heartbeatAge();
    return age !== null && age > HEARTBEAT_BOUND_MS
      ? { key: 'group', words: `the group ${group} does not answer heartbeats`, over }
      : null;
  }

  /** Steps on the way to being ready, which are no incidents. */
  function steps({ restoring, failures: stopped }: TaskStatus): string[] {
    const words = stopped.map(
      ({ partition, reason }) => `${config.ORDERS_TOPIC}[${partition}] has stopped: ${reason}`,
    );
    if (link.state().up) {
      if (reading) words.push('reading what the group has come to');
      else if (phase === 'JOINING' && groupTrouble() === null) {
        words.push(`joining the group ${group}`);
      }
    }
    if (restoring.length > 0) words.push(`restoring partitions ${restoring.join(', ')}`);
    return words;
  }

  function stalls(of: Progress): Stall[] {
    // While Kafka is away everything waits, and that is said once.
    return of.stalls(STALL_BOUND_MS, link.state().changedAt);
  }

  /** What keeps this instance from being ready; never two explanations of one problem. */
  function troubles({ fenced }: TaskStatus): Condition[] {
    const final = [...failures].map((words) => ({ key: words, words, final: true }));
    const away = linkTrouble();
    if (away !== null) return [...final, away];
    const joined = groupTrouble();
    return [
      ...final,
      ...[...problems].map(([key, words]) => ({ key, words })),
      ...(joined === null ? [] : [joined]),
      ...fenced.map((partition) => ({
        key: 'fenced',
        words: `${config.ORDERS_TOPIC}[${partition}] was taken over by another instance; waiting for the next join`,
      })),
      ...stalls(progress.tasks).flatMap((stall) => stuck(stall, '')),
      ...stalls(progress.view).flatMap((stall) => stuck(stall, '; what is shown of it is old')),
    ];
  }

  /** What is worth knowing and keeps nothing from being ready. */
  function remarks(): Condition[] {
    if (!link.state().up) return [];
    return [
      ...[...notes].map(([key, words]) => ({ key, words })),
      ...progress.tasks.notes().map((words) => ({ key: words, words })),
      ...stalls(progress.tasks).flatMap((stall) => slow(stall, config)),
    ];
  }

  return {
    kafka(up, error) {
      if (!up) return link.failed(describe(error));
      const wasDown = !link.state().up;
      link.answered();
      // What failed for want of a Kafka is said again if it still fails.
      if (wasDown) notes.clear();
    },
    unconnected: link.suspect,
    caughtUp() {
      reading = false;
    },
    joining: () => to('JOINING'),
    member(state) {
      membership = state;
      if (state.member && phase === 'JOINING') to('RUNNING');
    },
    stopping() {
      if (phase !== 'STOPPING') to('STOPPING');
    },
    failed: (reason) => void failures.add(reason),
    problem: (key, words) => put(problems, key, words),
    note: (key, words) => put(notes, key, words),
    oldHeads() {
      const heads = stalls(progress.view).filter(({ tp }) => tp.topic === config.CHECKPOINT_TOPIC);
      return new Set(heads.map(({ tp }) => tp.partition));
    },
    unread: () => new Set(stalls(progress.view).map(({ tp }) => tp.partition)),
    incidents() {
      if (phase === 'STOPPING') return [];
      // Before the first answer nobody may know yet why there is none: the one line waits for the reason.
      const isTold = ({ key }: Condition) => key !== 'kafka' || link.state().error !== null;
      return [...troubles(tasks()).filter(isTold), ...remarks()];
    },
    status() {
      const stopping = phase === 'STOPPING';
      const running = tasks();
      const reasons = stopping
        ? ['the service is stopping']
        : [...troubles(running).map(({ words }) => words), ...steps(running)];
      const { up, since, error } = link.state();
      return {
        phase: stopping ? 'stopping' : phaseWith(reasons),
        reasons,
        notes: stopping ? [] : remarks().map(({ words }) => words),
        stopped: running.failures.map(({ partition, reason }) => ({ partition, reason })),
        kafka: { brokers, embedded, storage, up, since: new Date(since).toISOString(), error },
        topic: config.ORDERS_TOPIC,
        deadLetterTopic: config.DLQ_TOPIC,
        group,
        startedAt: new Date(startedAt).toISOString(),
        hints,
      };
    },
  };

  function phaseWith(reasons: readonly string[]): Status['phase'] {
    if (reasons.length === 0) return 'ready';
    return phase === 'RUNNING' ? 'not-ready' : 'starting';
  }
}

function put(words: Map<string, string>, key: string, value: string | null): void {
  if (value === null) words.delete(key);
  else words.set(key, value);
}

// What has to go on and does not, and what that means in words.
import type { Config } from '../config.ts';
import { nameOf } from '../log/ports.ts';
import type { Progress, Stall } from '../log/progress.ts';
import type { Trouble } from './incidents.ts';
import { REGISTRY } from './order-schemas.ts';
import type { Reports } from './reports.ts';

/** Fetches are answered every 100 ms and appends within ms; so long without either is no hiccup. */
const STALL_BOUND_MS = 5000;

export type Stalls = {
  /** Of the tasks of this instance. */
  ofTasks(): Stall[];
  /** Of the view of the group. */
  ofView(): Stall[];
  /** Partitions of which some log cannot be read for the view at the moment. */
  unread(): ReadonlySet<number>;
  /** Partitions whose checkpoints cannot be followed at the moment: what is shown of them is old. */
  oldHeads(): ReadonlySet<number>;
};

/** While Kafka is away everything waits, which is said once: only what waits since counts. */
export function createStalls(deps: {
  progress: { readonly tasks: Progress; readonly view: Progress };
  reports: Pick<Reports, 'read'>;
  checkpointTopic: string;
}): Stalls {
  const { progress, reports, checkpointTopic } = deps;
  const stalls = (of: Progress) => of.stalls(STALL_BOUND_MS, reports.read().link.changedAt);
  const ofView = () => stalls(progress.view);
  const partitionsOf = (some: Stall[]) => new Set(some.map(({ tp }) => tp.partition));
  return {
    // A partition that waits for a schema does not stall, and its reason is reported already.
    ofTasks: () =>
      stalls(progress.tasks).filter(
        ({ doing }) => doing !== 'work' || !reports.read().problems.has(REGISTRY),
      ),
    ofView,
    unread: () => partitionsOf(ofView()),
    oldHeads: () => partitionsOf(ofView().filter(({ tp }) => tp.topic === checkpointTopic)),
  };
}

/** Something that has to go on and does not: a reason for not being ready. */
export function stuck({ doing, tp, since, error }: Stall, consequence: string): Trouble[] {
  if (doing !== 'read' && doing !== 'write') return [];
  const what = doing === 'read' ? 'cannot be read' : 'cannot be written';
  const words = `${nameOf(tp)} ${what} since ${timeOf(since)}${consequence}: ${error ?? 'no answer'}`;
  const over = `${nameOf(tp)} is ${doing === 'read' ? 'read' : 'written'} again`;
  return [{ key: `${doing} ${tp.topic}${consequence}`, words, over }];
}

/** Something that takes long and may: worth knowing. */
export function slow({ doing, tp, since, offset, count }: Stall, config: Config): Trouble[] {
  if (doing === 'handle') {
    const others = count > 1 ? ` (and ${count - 1} more)` : '';
    const words = `the handler works on offset ${offset} of ${nameOf(tp)} since ${timeOf(since)}${others}`;
    return [{ key: `handle ${nameOf(tp)}`, words }];
  }
  if (doing !== 'work' || tp.topic !== config.ORDERS_TOPIC) return [];
  const bounds = `MAX_PENDING=${config.MAX_PENDING}, MAX_PENDING_BYTES=${config.MAX_PENDING_BYTES}`;
  const words = `${nameOf(tp)} is full since ${timeOf(since)}: it takes orders again when fewer wait (${bounds})`;
  return [{ key: `full ${nameOf(tp)}`, words }];
}

function timeOf(since: number): string {
  return new Date(since).toISOString();
}

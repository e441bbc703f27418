// What the page shows, as one immutable value: a snapshot, and deltas laid over it. Pure.
import type {
  ChangedMetrics,
  DeadLetterItem,
  Delta,
  PartitionLag,
  ProductAverage,
  ShownMetrics,
  Snapshot,
  Status,
} from '../../server/http/contract.ts';

/** The newest dead letters that are kept, as many as a snapshot brings. */
const MAX_DEAD_LETTERS = 50;

/** Everything the page knows; products are a Map because their names come from input. */
export interface Model {
  /** Names the server process; of two processes neither is the later one. */
  readonly epoch: number;
  /** Grows with every message of one process. */
  readonly seq: number;
  /** The server's clock at this message, ms since 1970: ages are reckoned from it, not from ours. */
  readonly at: number;
  /** Null until the server knows: never zeros in place of it. */
  readonly metrics: Omit<ShownMetrics, 'perProduct'> | null;
  /** The ones with most orders; all of them when there are `metrics.productCount`. */
  readonly products: ReadonlyMap<string, ProductAverage>;
  readonly deadLetters: readonly DeadLetterItem[];
  /** Of this process, how many dead letters it has shown so far. */
  readonly arrivals: number;
  readonly throughput: number | null;
  readonly lag: Snapshot['lag'];
  readonly work: Snapshot['work'];
  readonly status: Status;
  readonly redrives: Snapshot['redrives'];
  readonly paused: Snapshot['paused'];
  readonly writing: Snapshot['writing'];
}

const NOTHING = { metrics: null, products: new Map(), deadLetters: [] };

/**
 * The model of a whole snapshot. A server that has just started may not know the figures yet: then those
 * of `before` stay.
 */
export function fromSnapshot(snapshot: Snapshot, before: Model | null = null): Model {
  const { deadLetters, metrics: _, ...shared } = snapshot;
  if (snapshot.metrics === null) {
    const { metrics, products, deadLetters } = before ?? NOTHING;
    return { ...shared, metrics, products, deadLetters };
  }
  const { perProduct, ...metrics } = snapshot.metrics;
  return { ...shared, metrics, products: new Map(Object.entries(perProduct)), deadLetters };
}

/**
 * The model with a delta laid over; `known` when it says nothing new, `gap` when messages between
 * the two are missing. Members of a delta are whole values, never differences, so a model that is
 * ahead of the delta's base may take it as well.
 */
export function advance(model: Model | null, delta: Delta): Model | 'known' | 'gap' {
  if (!model || delta.epoch !== model.epoch) return 'gap';
  if (delta.seq <= model.seq) return 'known';
  const { base, metrics, deadLetters, ...rest } = delta;
  if (base > model.seq) return 'gap';
  return {
    ...model,
    ...rest,
    metrics: metrics ? figuresOf(metrics) : model.metrics,
    products: changed(model.products, metrics?.perProduct ?? {}),
    deadLetters: newestFirst(deadLetters ?? [], model.deadLetters),
  };
}

function figuresOf({ perProduct, ...figures }: ChangedMetrics): Model['metrics'] {
  return figures;
}

function changed(known: Model['products'], perProduct: ChangedMetrics['perProduct']) {
  const entries = Object.entries(perProduct);
  if (entries.length === 0) return known;
  const products = new Map(known);
  for (const [name, average] of entries) {
    if (average === null) products.delete(name);
    else products.set(name, average);
  }
  return products;
}

/** Whether every product is here, so that nobody has to be asked for more. */
export function hasAllProducts({ metrics, products }: Model): boolean {
  return metrics === null || products.size >= metrics.productCount;
}

/**
 * In the order of `/dlq`: in a partition its offsets decide; of the newest letters left of each, the one
 * with the later time comes first.
 */
function newestFirst(added: readonly DeadLetterItem[], known: readonly DeadLetterItem[]) {
  if (added.length === 0) return known;
  const ids = new Set(added.map(({ id }) => id));
  const all = [...added, ...known.filter(({ id }) => !ids.has(id))];
  const lanes = new Map<number, DeadLetterItem[]>();
  for (const letter of all.sort((a, b) => place(a, 1) - place(b, 1))) {
    const partition = place(letter, 0);
    lanes.set(partition, [...(lanes.get(partition) ?? []), letter]);
  }
  const merged: DeadLetterItem[] = [];
  while (merged.length < Math.min(all.length, MAX_DEAD_LETTERS)) {
    const first = [...lanes.values()].reduce((a, b) => (isLater(b.at(-1), a.at(-1)) ? b : a));
    merged.push(first.pop() as DeadLetterItem);
  }
  return merged;
}

function isLater(a: DeadLetterItem | undefined, b: DeadLetterItem | undefined): boolean {
  if (a === undefined || b === undefined) return b === undefined;
  const [timeOfA, timeOfB] = [Date.parse(a.timestamp), Date.parse(b.timestamp)];
  return timeOfA > timeOfB || (timeOfA === timeOfB && place(a, 0) > place(b, 0));
}

const place = ({ id }: DeadLetterItem, part: 0 | 1) => Number(id.split('-')[part]);

/** Orders that stand in the topic beyond the last checkpoints; null while that of a partition is not known. */
export function lagOf({ lag }: Model): number | null {
  // Before the topics are known there is no partition yet.
  if (lag.length === 0) return null;
  return lag.reduce<number | null>(
    (sum, { lag: behind }) => (sum === null || behind === null ? null : sum + behind),
    0,
  );
}

/** When the oldest of the checkpoints was written that have orders after them, ISO 8601; null without one. */
export function oldestCommit({ metrics, lag }: Model): string | null {
  const behind = new Set(lag.filter((each) => each.lag !== 0).map(({ partition }) => partition));
  const times = (metrics?.asOf ?? []).flatMap(({ partition, writtenAt }) =>
    behind.has(partition) ? (writtenAt ?? []) : [],
  );
  return times.reduce<string | null>((a, b) => (a === null || b < a ? b : a), null);
}

/** The first unread order of all partitions, by the time since which it is known to stand there. */
export function oldestUnread({ lag }: Model): PartitionLag['firstUnread'] {
  return lag.reduce<PartitionLag['firstUnread']>((oldest, { firstUnread: each }) => {
    if (each === null || (oldest !== null && oldest.since <= each.since)) return oldest;
    return each;
  }, null);
}

/** Whether everything is read and decided: nothing unread, nothing that waits. False while unknown. */
export function isCaughtUp(model: Model): boolean {
  return lagOf(model) === 0 && model.metrics?.balance.pending === 0;
}

/** Whether the topic is known never to have held an order. */
export function isUntouched(model: Model): boolean {
  return lagOf(model) === 0 && model.metrics?.balance.read === 0;
}

// What the page shows, as one immutable value: a snapshot, and deltas laid over it. Pure.
import type {
  ChangedMetrics,
  DeadLetterItem,
  Delta,
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
  /** Null until the server knows: never zeros in place of it. */
  readonly metrics: Omit<ShownMetrics, 'perProduct'> | null;
  /** The ones with most orders; all of them when there are `metrics.productCount`. */
  readonly products: ReadonlyMap<string, ProductAverage>;
  readonly deadLetters: readonly DeadLetterItem[];
  readonly throughput: number | null;
  readonly lag: Snapshot['lag'];
  readonly status: Status;
}

const NOTHING = { metrics: null, products: new Map(), deadLetters: [] };

/**
 * The model of a whole snapshot. A server that has just started may not know the figures yet: then those
 * of `before` stay.
 */
export function fromSnapshot(snapshot: Snapshot, before: Model | null = null): Model {
  const { epoch, seq, deadLetters, throughput, lag, status } = snapshot;
  const shared = { epoch, seq, throughput, lag, status };
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
  if (delta.base > model.seq) return 'gap';
  return {
    epoch: delta.epoch,
    seq: delta.seq,
    metrics: delta.metrics ? figuresOf(delta.metrics) : model.metrics,
    products: changed(model.products, delta.metrics?.perProduct ?? {}),
    deadLetters: newestFirst(delta.deadLetters ?? [], model.deadLetters),
    throughput: delta.throughput === undefined ? model.throughput : delta.throughput,
    lag: delta.lag ?? model.lag,
    status: delta.status ?? model.status,
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

/** When the latest checkpoint was written, ISO 8601; null before the first. */
export function oldestCommit({ metrics }: Model): string | null {
  const times = metrics?.asOf.flatMap(({ writtenAt }) => writtenAt ?? []) ?? [];
  return times.reduce<string | null>((a, b) => (a === null || b > a ? b : a), null);
}

/** Whether the topic held any order at all so far, in whatever state it is now; false while unknown. */
export function hasOrders({ metrics }: Model): boolean {
  if (metrics === null) return false;
  const { counted, deadLettered, pending } = metrics.balance;
  return counted + deadLettered + pending > 0;
}

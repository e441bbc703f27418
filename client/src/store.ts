// What the page shows, as one immutable value: a snapshot, and deltas laid over it. Pure.
import type {
  DeadLetterItem,
  Delta,
  Metrics,
  ProductAverage,
  Snapshot,
  Status,
} from '../../server/http/contract.ts';

/** The newest dead letters that are kept, as many as a snapshot brings. */
const MAX_DEAD_LETTERS = 50;

/** Everything the page knows; products are a Map because their names come from input. */
export interface Model {
  readonly epoch: number;
  readonly seq: number;
  readonly metrics: Omit<Metrics, 'perProduct'>;
  readonly products: ReadonlyMap<string, ProductAverage>;
  readonly deadLetters: readonly DeadLetterItem[];
  readonly throughput: number | null;
  readonly lag: Snapshot['lag'];
  readonly status: Status;
}

/** Names one state of one server process. */
export type Version = Pick<Model, 'epoch' | 'seq'>;

/** Whether `a` is later than `b`: a later process first, then a later message of it. */
export function isNewer(a: Version, b: Version): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq);
}

/** The model of a whole snapshot. */
export function fromSnapshot(snapshot: Snapshot): Model {
  const { perProduct, ...metrics } = snapshot.metrics;
  const { epoch, seq, deadLetters, throughput, lag, status } = snapshot;
  const products = new Map(Object.entries(perProduct));
  return { epoch, seq, metrics, products, deadLetters, throughput, lag, status };
}

/**
 * The model with a delta laid over; `known` when it says nothing new, `gap` when messages between
 * the two are missing. Members of a delta are whole values, never differences, so a model that is
 * ahead of the delta's base may take it as well.
 */
export function advance(model: Model | null, delta: Delta): Model | 'known' | 'gap' {
  if (!model) return 'gap';
  if (!isNewer(delta, model)) return 'known';
  if (delta.epoch !== model.epoch || delta.base > model.seq) return 'gap';
  const { perProduct, ...metrics } = delta.metrics ?? { ...model.metrics, perProduct: {} };
  return {
    epoch: delta.epoch,
    seq: delta.seq,
    metrics,
    products: changed(model.products, Object.entries(perProduct)),
    deadLetters: newestFirst(delta.deadLetters ?? [], model.deadLetters),
    throughput: delta.throughput === undefined ? model.throughput : delta.throughput,
    lag: delta.lag ?? model.lag,
    status: delta.status ?? model.status,
  };
}

function changed(known: Model['products'], entries: [string, ProductAverage][]) {
  if (entries.length === 0) return known;
  const products = new Map([...known, ...entries]);
  // A correction can take away a product's only order.
  for (const [name, { count }] of entries) if (count === 0) products.delete(name);
  return products;
}

/** Sorted as `/dlq` is: new letters of one partition may be older than known ones of another. */
function newestFirst(added: readonly DeadLetterItem[], known: readonly DeadLetterItem[]) {
  if (added.length === 0) return known;
  const ids = new Set(added.map(({ id }) => id));
  return [...added, ...known.filter(({ id }) => !ids.has(id))]
    .sort((a, b) => age(b, a) || place(b, 0) - place(a, 0) || place(b, 1) - place(a, 1))
    .slice(0, MAX_DEAD_LETTERS);
}

const age = (a: DeadLetterItem, b: DeadLetterItem) =>
  Date.parse(a.timestamp) - Date.parse(b.timestamp);

const place = ({ id }: DeadLetterItem, part: 0 | 1) => Number(id.split('-')[part]);

/** Orders that stand in the topic beyond the last checkpoints; null while that of a partition is not known. */
export function lagOf({ lag }: Model): number | null {
  return lag.reduce<number | null>(
    (sum, { lag: behind }) => (sum === null || behind === null ? null : sum + behind),
    0,
  );
}

/** When the latest checkpoint was written, ISO 8601; null before the first. */
export function lastCommit(model: Model): string | null {
  const times = model.metrics.asOf.flatMap(({ writtenAt }) => writtenAt ?? []);
  return times.reduce<string | null>((a, b) => (a === null || b > a ? b : a), null);
}

/** Whether the topic held any order at all so far, in whatever state it is now. */
export function hasOrders({ metrics: { balance } }: Model): boolean {
  return balance.counted + balance.deadLettered + balance.pending > 0;
}

// The view of the group in the words of the HTTP contract.

import type {
  Balance,
  ChangedMetrics,
  DeadLetterItem,
  Figures,
  PartitionAsOf,
  PartitionLag,
  ShownMetrics,
  Status,
} from '../http/contract.ts';
import type { Changes, OverviewSource } from '../http/overview.ts';
import type { CheckpointSummary } from '../log/checkpoint.ts';
import { isoTime } from '../log/clip.ts';
import type { Clock } from '../log/clock.ts';
import type { DeadLetter } from '../log/dead-letter.ts';
import { countOf } from '../log/offset-ranges.ts';
import { view as averageOf, type Tally } from '../orders/averages.ts';
import { type GroupAverages, SHOWN_PRODUCTS } from '../orders/group-averages.ts';
import type { GroupView } from '../view/group-view.ts';
import { metricsJson } from './metrics-body.ts';
import { createProductPages } from './product-pages.ts';
import { createThroughput } from './throughput.ts';

const SHOWN_DEAD_LETTERS = 50;
const CHANGES_PER_MESSAGE = 200;
/** The whole is sent to all at most this often. */
const ALL_AGAIN_MS = 1000;
/** Two columns of doubles and the place of the name. */
const BYTES_PER_ROW = 24;

/** What HTTP shows; `averages` with null prototypes, because a product may be called `__proto__`. */
export function createOverview(deps: {
  view: GroupView;
  averages: GroupAverages;
  clock: Clock;
  status: () => Status;
  lag: () => PartitionLag[];
  /** Partitions whose checkpoints cannot be followed at the moment. */
  old: () => ReadonlySet<number>;
}): OverviewSource {
  const { view, averages, clock, status, lag, old } = deps;
  const throughput = createThroughput(clock);
  const pages = createProductPages(clock);
  /** Products that changed and have not been told of, longest first. */
  const untold = new Set<string>();
  let toldAllAt = Number.NEGATIVE_INFINITY;
  let wasKnown = false;
  let shownStatus = '';
  let shownLag = '';
  let shownThroughput: number | null = null;

  function shownMetrics(): ShownMetrics | null {
    if (!view.known) return null;
    const perProduct = Object.create(null) as ShownMetrics['perProduct'];
    for (const { product } of averages.top) perProduct[product] = averageOfProduct(product);
    return withProducts(perProduct);
  }

  /** Checkpoints that are not read say nothing of what is processed. */
  function rate(): number | null {
    return old().size > 0 ? null : throughput.read();
  }

  function changedMetrics(): ChangedMetrics {
    const perProduct = Object.create(null) as ChangedMetrics['perProduct'];
    const shown = new Set(averages.top.map(({ product }) => product));
    let left = CHANGES_PER_MESSAGE;
    for (const product of untold) {
      if (left === 0) break;
      left -= 1;
      untold.delete(product);
      perProduct[product] = shown.has(product) ? averageOfProduct(product) : null;
    }
    return withProducts(perProduct);
  }

  const now = () => ({ heads: view.merged, total: averages.total });

  function whole() {
    void view.merge();
    return view.run(() => averages.tabulate(view.merged));
  }

  function withProducts<T>(perProduct: T) {
    const { totalCount, overallAveragePrice, ...rest } = figuresOf(now());
    const productCount = averages.averages.size;
    return { totalCount, overallAveragePrice, productCount, perProduct, ...rest };
  }

  function averageOfProduct(product: string) {
    return averageOf(averages.averages.get(product) ?? { count: 0, low: 0, carry: 0 });
  }

  return {
    settle: view.merge,
    read: () => ({
      metrics: shownMetrics(),
      deadLetters: view.known ? view.newestDeadLetters(SHOWN_DEAD_LETTERS).map(deadLetterItem) : [],
      throughput: rate(),
      lag: lag(),
      status: status(),
    }),
    lag,
    figures: () => (view.known ? figuresOf(now()) : null),
    sample: () => throughput.sample(readCount(view)),
    takeChanges() {
      const { deadLetters, moved } = view.takeChanges();
      throughput.sample(readCount(view));
      for (const product of averages.takeChanges()) untold.add(product);
      const time = clock.monotonic();
      const tooMany = untold.size > SHOWN_PRODUCTS && time - toldAllAt >= ALL_AGAIN_MS;
      const all = tooMany || wasKnown !== view.known;
      wasKnown = view.known;
      const changes: Changes = {};
      const newRate = rate();
      if (newRate !== shownThroughput) {
        shownThroughput = newRate;
        changes.throughput = newRate;
      }
      const newLag = lag();
      const lagText = JSON.stringify(newLag);
      if (lagText !== shownLag) {
        shownLag = lagText;
        changes.lag = newLag;
      }
      const newStatus = status();
      const text = JSON.stringify(newStatus);
      if (text !== shownStatus) {
        shownStatus = text;
        changes.status = newStatus;
      }
      if (all) {
        toldAllAt = time;
        untold.clear();
        return 'all';
      }
      if (view.known && (moved || untold.size > 0)) changes.metrics = changedMetrics();
      if (view.known && deadLetters.length > 0) {
        changes.deadLetters = deadLetters.slice(0, SHOWN_DEAD_LETTERS).map(deadLetterItem);
      }
      return Object.keys(changes).length === 0 ? null : changes;
    },
    deadLetters: (limit) => (view.known ? view.newestDeadLetters(limit).map(deadLetterItem) : null),
    async products(query) {
      if (!view.known) return null;
      const { table } = await whole();
      return pages.read(table, query);
    },
    async wholeMetrics() {
      if (!view.known) return null;
      const all = await whole();
      const figures = figuresOf(all);
      return {
        held: all.table,
        heldBytes: all.table.names.length * BYTES_PER_ROW,
        async *chunks() {
          for (const text of metricsJson(figures, all.table)) {
            yield Buffer.from(text);
            await clock.breathe();
          }
        },
      };
    },
    status,
  };
}

function figuresOf(state: {
  heads: ReadonlyMap<number, CheckpointSummary>;
  total: Tally;
}): Figures {
  const heads = [...state.heads.values()].sort((a, b) => a.partition - b.partition);
  const { count, averagePrice } = averageOf(state.total);
  return {
    totalCount: count,
    overallAveragePrice: averagePrice,
    retries: heads.reduce((sum, { retries }) => sum + retries, 0),
    balance: balance(heads, count),
    asOf: heads.map(asOf),
  };
}

function balance(heads: readonly CheckpointSummary[], counted: number): Balance {
  const sum = (value: (head: CheckpointSummary) => number) =>
    heads.reduce((total, head) => total + value(head), 0);
  return {
    read: sum(({ nextOffset, start }) => nextOffset - start),
    counted,
    deadLettered: sum(({ deadLettered }) => deadLettered),
    pending: sum(({ pendingCount }) => pendingCount),
    gaps: sum(({ gaps }) => gaps),
    lost: sum(({ lost }) => countOf(lost)),
    corrections: sum(({ corrections }) => corrections),
  };
}

function readCount(view: GroupView): number {
  let records = 0;
  for (const { nextOffset, start, gaps } of view.heads().values()) {
    records += nextOffset - start - gaps;
  }
  return records;
}

function asOf(head: CheckpointSummary): PartitionAsOf {
  const { partition, nextOffset, highWatermark, writtenAt } = head;
  return { partition, nextOffset, highWatermark, writtenAt: isoTime(writtenAt) };
}

function deadLetterItem(letter: DeadLetter): DeadLetterItem {
  const { partition, offset, timestamp, group, ...shown } = letter;
  return { id: `${partition}-${offset}`, timestamp: isoTime(timestamp), ...shown };
}

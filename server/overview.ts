// The view of the group in the words of the HTTP contract.
import { type Averages, view as averageOf, type Tally } from './domain/averages.ts';
import { type CheckpointSummary, lostCount } from './domain/checkpoint.ts';
import { isoTime } from './domain/clip.ts';
import type { DeadLetter } from './domain/dead-letter.ts';
import type {
  Balance,
  DeadLetterItem,
  Metrics,
  PartitionAsOf,
  PartitionLag,
  Status,
} from './http/contract.ts';
import type { Changes, OverviewSource } from './http/overview.ts';
import type { Clock } from './stream/clock.ts';
import type { GroupView } from './stream/group-view.ts';
import { createThroughput } from './stream/throughput.ts';

const SHOWN_DEAD_LETTERS = 50;

/** What HTTP shows; `averages` with null prototypes, because a product may be called `__proto__`. */
export function createOverview(deps: {
  view: GroupView;
  clock: Clock;
  status: () => Status;
  lag: () => PartitionLag[];
  /** Partitions whose checkpoints cannot be followed at the moment. */
  old: () => ReadonlySet<number>;
}): OverviewSource {
  const { view, clock, status, lag, old } = deps;
  const throughput = createThroughput(clock);
  let names: string[] = [];
  let shownStatus = '';
  let shownLag = '';
  let shownThroughput: number | null = null;

  /** Sorted, so that every instance gives the same bytes. */
  function productNames(): string[] {
    const { averages } = view;
    if (names.length !== averages.size || names.some((name) => !averages.has(name))) {
      names = [...averages.keys()].sort();
    }
    return names;
  }

  /** Checkpoints that are not read say nothing of what is processed. */
  function rate(): number | null {
    return old().size > 0 ? null : throughput.read();
  }

  function metrics(products: Iterable<string>): Metrics {
    const heads = [...view.heads().values()].sort((a, b) => a.partition - b.partition);
    const { count, averagePrice } = averageOf(view.total);
    return {
      totalCount: count,
      overallAveragePrice: averagePrice,
      perProduct: perProduct(view.averages, products),
      retries: heads.reduce((sum, { retries }) => sum + retries, 0),
      balance: balance(heads, count),
      asOf: heads.map(asOf),
    };
  }

  return {
    read() {
      view.heads();
      return {
        metrics: metrics(productNames()),
        deadLetters: view.newestDeadLetters(SHOWN_DEAD_LETTERS).map(deadLetterItem),
        throughput: rate(),
        lag: lag(),
        status: status(),
      };
    },
    sample: () => throughput.sample(readCount(view)),
    takeChanges() {
      const { products, deadLetters, moved } = view.takeChanges();
      throughput.sample(readCount(view));
      const changes: Changes = {};
      if (moved) changes.metrics = metrics(products);
      if (deadLetters.length > 0) {
        changes.deadLetters = deadLetters.slice(0, SHOWN_DEAD_LETTERS).map(deadLetterItem);
      }
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
      return Object.keys(changes).length === 0 ? null : changes;
    },
    deadLetters: (limit) => view.newestDeadLetters(limit).map(deadLetterItem),
    status,
  };
}

function perProduct(averages: Averages, products: Iterable<string>): Metrics['perProduct'] {
  const none: Tally = { count: 0, low: 0, carry: 0 };
  const result = Object.create(null) as Metrics['perProduct'];
  for (const product of products) result[product] = averageOf(averages.get(product) ?? none);
  return result;
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
    lost: sum(({ lost }) => lostCount(lost)),
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

function asOf({
  partition,
  nextOffset,
  highWatermark,
  writtenAt,
}: CheckpointSummary): PartitionAsOf {
  const at = isoTime(writtenAt);
  return { partition, nextOffset, highWatermark, writtenAt: at };
}

function deadLetterItem(letter: DeadLetter): DeadLetterItem {
  const { partition, offset, orderId, reason, timestamp, origin, disposition, attempts } = letter;
  const time = isoTime(timestamp);
  const id = `${partition}-${offset}`;
  return { id, orderId, reason, timestamp: time, origin, disposition, attempts };
}

// The view of the group in the words of the HTTP contract.
import type {
  ChangedMetrics,
  PartitionLag,
  PartitionWork,
  ShownMetrics,
  Status,
} from '../http/contract.ts';
import type { CoreSource, DeltaContent } from '../http/overview.ts';
import type { Clock } from '../log/clock.ts';
import { averageOf, countedIn, totalsOf } from '../orders/figures.ts';
import type { GroupAverages, WholeState } from '../orders/group-averages.ts';
import { BYTES_PER_ROW } from '../orders/product-table.ts';
import type { GroupView } from '../view/group-view.ts';
import type { FoundLetter, LetterPlace } from '../view/letter-queries.ts';
import { accountOf, readCount } from './account.ts';
import { deadLetterItem, letterItem } from './letter-item.ts';
import { metricsJson } from './metrics-body.ts';
import { createProductPages } from './product-pages.ts';
import { createThroughput } from './throughput.ts';
import { createTold, type Readings } from './told.ts';

const SHOWN_DEAD_LETTERS = 50;

/** What HTTP shows of the group; all figures are those of the merged heads. */
export function createOverview(deps: {
  view: GroupView;
  averages: GroupAverages;
  clock: Clock;
  status: () => Status;
  lag: () => PartitionLag[];
  /** What this instance does with each of its partitions. */
  work: () => PartitionWork[];
  /** Partitions whose checkpoints cannot be followed at the moment. */
  old: () => ReadonlySet<number>;
  /** What the index knows of a dead letter. */
  find: (place: LetterPlace) => FoundLetter | null;
}): CoreSource {
  const { view, averages, clock, status, lag, work, old, find } = deps;
  const throughput = createThroughput(clock);
  const pages = createProductPages(clock);
  const told = createTold(clock);
  const metrics = createShownMetrics(view, averages);
  /** Dead letters that were shown, since the start. */
  let arrivals = 0;

  function readings(): Readings {
    // The rate is that of the checkpoints: while some of them cannot be read, nobody knows it.
    const rate = old().size > 0 ? null : throughput.read();
    return { throughput: rate, lag: lag(), work: work(), status: status() };
  }

  function whole(): WholeState | Promise<WholeState> {
    void view.merge();
    return view.run(() => averages.tabulate(view.merged));
  }

  return {
    settle: view.merge,
    read: () => ({
      metrics: view.known ? metrics.all() : null,
      deadLetters: view.known ? view.newestDeadLetters(SHOWN_DEAD_LETTERS).map(deadLetterItem) : [],
      arrivals,
      ...readings(),
    }),
    lag,
    figures: () => (view.known ? metrics.figures() : null),
    sample: () => throughput.sample(readCount(view.heads())),
    takeChanges() {
      const { deadLetters, moved } = view.takeChanges();
      throughput.sample(readCount(view.heads()));
      const { known } = view;
      arrivals += deadLetters.length;
      const news = told.tell({ known, readings: readings(), products: averages.takeChanges() });
      if (news === 'all') return news;
      const delta: DeltaContent = { ...news.readings };
      if (known && (moved || news.products.length > 0)) delta.metrics = metrics.of(news.products);
      if (known && deadLetters.length > 0) {
        delta.deadLetters = deadLetters.slice(0, SHOWN_DEAD_LETTERS).map(deadLetterItem);
        delta.arrivals = arrivals;
      }
      return Object.keys(delta).length === 0 ? null : delta;
    },
    deadLetters: (limit) =>
      view.known
        ? view.newestDeadLetters(limit).map((letter) => letterItem(letter, find(letter)))
        : null,
    async products(query) {
      if (!view.known) return null;
      const { table } = await whole();
      return pages.read(table, query);
    },
    async allProducts(query) {
      if (!view.known) return null;
      const { table } = await whole();
      return pages.all(table, query);
    },
    async wholeMetrics() {
      if (!view.known) return null;
      const { heads, total, table } = await whole();
      const account = accountOf(heads, countedIn(total));
      return {
        held: table,
        heldBytes: table.names.length * BYTES_PER_ROW,
        async *chunks() {
          for (const text of metricsJson(totalsOf(total), table, account)) {
            yield Buffer.from(text);
            await clock.breathe();
          }
        },
      };
    },
    status,
  };
}

/** The figures of now, with the products that are shown. */
function createShownMetrics(view: GroupView, averages: GroupAverages) {
  const totals = () => totalsOf(averages.total);
  const account = () => accountOf(view.merged, countedIn(averages.total));

  function withProducts<T>(perProduct: T) {
    return { ...totals(), productCount: averages.averages.size, perProduct, ...account() };
  }

  return {
    figures: () => ({ ...totals(), ...account() }),
    all(): ShownMetrics {
      const perProduct = withoutPrototype<ShownMetrics['perProduct']>();
      for (const { product } of averages.top) {
        perProduct[product] = averageOf(averages.averages, product);
      }
      return withProducts(perProduct);
    },
    /** Of these products; null for one that is not shown any more. */
    of(products: readonly string[]): ChangedMetrics {
      const perProduct = withoutPrototype<ChangedMetrics['perProduct']>();
      const shown = new Set(averages.top.map(({ product }) => product));
      for (const product of products) {
        perProduct[product] = shown.has(product) ? averageOf(averages.averages, product) : null;
      }
      return withProducts(perProduct);
    },
  };
}

/** An object for names from outside: a product may be called `__proto__`. */
function withoutPrototype<T extends object>(): T {
  return Object.create(null) as T;
}

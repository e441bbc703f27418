// What all who look have been told last, and so what is news to them. Nothing else remembers it; which
// message it was told in, http/feed.ts knows.
import type { Snapshot } from '../http/contract.ts';
import type { Clock } from '../log/clock.ts';

/** Products in one delta, at most. */
const PRODUCTS_PER_DELTA = 200;
/** With more products to be told of than a snapshot holds, a snapshot is the shorter way. */
const MAX_UNTOLD = 1000;
/** Not more often than this, because it goes to everybody and is large. */
const SNAPSHOT_EVERY_MS = 1000;

/** The members of a snapshot that are told as a whole when they differ from what was told last. */
export type Readings = Pick<Snapshot, 'throughput' | 'lag' | 'work' | 'status'>;

export type Told = {
  /**
   * Takes these as told. Gives what was news in them, and of the products that changed (`products` are
   * those since the last call) the ones that have waited longest; or `all` when everything is to be told.
   */
  tell(now: {
    known: boolean;
    readings: Readings;
    products: Iterable<string>;
  }): { readings: Partial<Readings>; products: readonly string[] } | 'all';
};

/** Nobody has been told anything. */
export function createTold(clock: Clock): Told {
  /** As JSON, by the name of the member. */
  const readingsTold = new Map<string, string>();
  const productsUntold = new Set<string>();
  let knownTold = false;
  let snapshotAt = Number.NEGATIVE_INFINITY;

  function newsOf(readings: Readings): Partial<Readings> {
    const news = Object.entries(readings).filter(([name, value]) => {
      const text = JSON.stringify(value);
      if (readingsTold.get(name) === text) return false;
      readingsTold.set(name, text);
      return true;
    });
    return Object.fromEntries(news);
  }

  function takeProducts(): string[] {
    const taken: string[] = [];
    for (const product of productsUntold) {
      if (taken.length === PRODUCTS_PER_DELTA) break;
      productsUntold.delete(product);
      taken.push(product);
    }
    return taken;
  }

  return {
    tell({ known, readings, products }) {
      for (const product of products) productsUntold.add(product);
      const news = newsOf(readings);
      const time = clock.monotonic();
      const tooMany = productsUntold.size > MAX_UNTOLD && time - snapshotAt >= SNAPSHOT_EVERY_MS;
      if (!tooMany && known === knownTold) return { readings: news, products: takeProducts() };
      knownTold = known;
      snapshotAt = time;
      productsUntold.clear();
      return 'all';
    },
  };
}

// What HTTP needs from the rest of the service: a port, implemented where the service is wired.
import type { Delta, Figures, PartitionLag, ProductPage, Snapshot, Status } from './contract.ts';
import type { LetterItem } from './contract-letters.ts';

/** Everything the page shows, at one instant. */
export type Overview = Omit<Snapshot, 'epoch' | 'seq'>;

/** Of that, what does not come of commands. */
export type CoreOverview = Omit<Overview, 'redrives' | 'paused' | 'writing'>;

/** What changed between two instants; absent members are unchanged. */
export type Changes = Omit<Delta, 'epoch' | 'base' | 'seq'>;

/** One page of all products; `page` counts from 1, an empty `filter` is none. */
export type ProductQuery = {
  readonly page: number;
  readonly size: number;
  readonly sort: 'product' | 'count' | 'average';
  readonly order: 'asc' | 'desc';
  readonly filter: string;
};

/** `GET /metrics` as bytes, made while they are sent. All of one instant, however long that takes. */
export type MetricsBody = {
  /** What is held for it, in memory: the same object for all who ask at the same instant. */
  readonly held: object;
  readonly heldBytes: number;
  chunks(): AsyncIterable<Buffer>;
};

/** The overview before what was commanded is added to it. */
export type CoreSource = Omit<OverviewSource, 'read'> & { read(): CoreOverview };

/** The service as HTTP sees it. Objects keyed by product have no prototype: a product may be `__proto__`. */
export type OverviewSource = {
  /**
   * Works off what is new, in slices. Undefined when there is nothing left: in that tick, and in no other,
   * `read`, `figures` and `takeChanges` may be called.
   */
  settle(): Promise<void> | undefined;
  /** The state now; called only when someone asks for it. */
  read(): Overview;
  /** The `metrics` of `read` without any product; null while nothing is known. */
  figures(): Figures | null;
  /** The `lag` of `read`. */
  lag(): PartitionLag[];
  /** Takes note of the rate of orders; cheap, for the time when nobody looks. */
  sample(): void;
  /**
   * What changed since the last call, null when nothing did, `all` when that is too much to be listed.
   * Read in the same tick, `read` holds just that, and what is still to be listed.
   */
  takeChanges(): Changes | 'all' | null;
  /** The newest dead letters, newest first; null while nothing is known. */
  deadLetters(limit: number): readonly LetterItem[] | null;
  /** Null while nothing is known, `busy` when too many have asked already. */
  products(query: ProductQuery): Promise<ProductPage | 'busy' | null>;
  /** Null while nothing is known. */
  wholeMetrics(): Promise<MetricsBody | null>;
  /** The `status` of `read`, without the rest. */
  status(): Status;
};

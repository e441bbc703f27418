// What HTTP needs from the rest of the service: a port, implemented where the service is wired.
import type {
  Delta,
  Figures,
  PartitionLag,
  ProductPage,
  ProductQuery,
  ProductRow,
  Snapshot,
  Status,
} from './contract.ts';
import type { LetterItem } from './contract-letters.ts';

/** Everything the page shows, at one instant. */
export type Overview = Omit<Snapshot, 'epoch' | 'seq' | 'at'>;

/** Of that, what does not come of commands. */
export type CoreOverview = Omit<Overview, 'redrives' | 'paused' | 'writing'>;

/** What a delta says is new; members that have not changed are absent. */
export type DeltaContent = Omit<Delta, 'epoch' | 'base' | 'seq' | 'at'>;

/** `GET /metrics` as bytes, made while they are sent. All of one instant, however long that takes. */
export type MetricsBody = {
  /** What is held for it, in memory: the same object for all who ask at the same instant. */
  readonly held: object;
  readonly heldBytes: number;
  chunks(): AsyncIterable<Buffer>;
};

/** What the page follows. Objects keyed by product have no prototype: a product may be `__proto__`. */
export type LiveSource = {
  /**
   * Works off what is new, in slices. Undefined when there is nothing left: in that tick, and in no other,
   * `read`, `figures` and `takeChanges` may be called.
   */
  settle(): Promise<void> | undefined;
  /** The state now; called only when someone asks for it. */
  read(): Overview;
  /** Takes note of the rate of orders; cheap, for the time when nobody looks. */
  sample(): void;
  /**
   * What changed since the last call: null when nothing did, `all` when a whole snapshot tells it better. Of
   * many changed products one call gives some and the next calls the others; `read`, called in the same
   * tick, shows them all.
   */
  takeChanges(): DeltaContent | 'all' | null;
};

/** What the orders have come to. */
export type FiguresSource = {
  /** The `metrics` of `read` without any product; null while nothing is known. */
  figures(): Figures | null;
  /** Null while nothing is known. */
  wholeMetrics(): Promise<MetricsBody | null>;
  /** Null while nothing is known, `busy` when too many have asked already. */
  products(query: ProductQuery): Promise<ProductPage | 'busy' | null>;
  /** The same of all pages together, at one instant; the page of the query counts for nothing. */
  allProducts(query: ProductQuery): Promise<Iterable<ProductRow> | 'busy' | null>;
};

/** How the service is. */
export type StatusSource = {
  /** The `status` of `read`, without the rest. */
  status(): Status;
  /** The `lag` of `read`. */
  lag(): PartitionLag[];
  /** The newest dead letters, newest first; null while nothing is known. */
  deadLetters(limit: number): readonly LetterItem[] | null;
};

/** The service as HTTP sees it. */
export type OverviewSource = LiveSource & FiguresSource & StatusSource;

/** The overview before what was commanded is added to it. */
export type CoreSource = Omit<OverviewSource, 'read'> & { read(): CoreOverview };

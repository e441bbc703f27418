// How far the group is behind: the ends of all partitions, asked for independently of who reads them,
// against the head checkpoints.
import type { PartitionLag } from '../http/contract.ts';
import type { Bounds } from '../log/ports.ts';

/** An end is asked for about once a second; one this old is known no more. */
const KNOWN_FOR_MS = 5000;

export type Lag = {
  /** How many partitions there are now; none before the first call. */
  partitions(count: number): void;
  /** Asks for the ends once. */
  ask(): Promise<void>;
  /** Every partition, in order. */
  read(): PartitionLag[];
};

type Heads = ReadonlyMap<number, { readonly nextOffset: number }>;
type End = Bounds & { readonly askedAt: number };

/** The lag of a group, from the ends of its partitions and their head checkpoints. */
export function createLag(deps: {
  readEnds: (
    partitions: number,
  ) => Promise<ReadonlyMap<number, Bounds | { readonly error: string }>>;
  heads: () => Heads;
  /** The head of this partition is known, or that there is none. */
  isKnown: (partition: number) => boolean;
  /** Partitions whose heads cannot be followed at the moment. */
  old: () => ReadonlySet<number>;
  clock: { monotonic(): number };
}): Lag {
  const { readEnds, heads, isKnown, old, clock } = deps;
  let partitions = 0;
  let ends = new Map<number, End>();

  function lagOf(partition: number, known: Heads, isOld: boolean): PartitionLag {
    const end = ends.get(partition);
    if (end === undefined || clock.monotonic() - end.askedAt > KNOWN_FOR_MS) {
      return { partition, endOffset: null, lag: null };
    }
    if (isOld || !isKnown(partition)) return { partition, endOffset: end.high, lag: null };
    // Whoever finds no checkpoint begins at the first order that is kept.
    const next = known.get(partition)?.nextOffset ?? end.low;
    // The head may be newer than the end.
    return { partition, endOffset: end.high, lag: Math.max(0, end.high - next) };
  }

  return {
    partitions(count) {
      partitions = count;
    },
    async ask() {
      const askedAt = clock.monotonic();
      const before = new Map(heads());
      const answers = await readEnds(partitions);
      const answered = new Map(ends);
      for (const [partition, answer] of answers) {
        if ('error' in answer) continue;
        // A log that is shorter than what was read of it is another one under the same name.
        if (answer.high < (before.get(partition)?.nextOffset ?? 0)) answered.delete(partition);
        else answered.set(partition, { ...answer, askedAt });
      }
      ends = answered;
    },
    read() {
      const known = heads();
      const isOld = old();
      return Array.from({ length: partitions }, (_, partition) =>
        lagOf(partition, known, isOld.has(partition)),
      );
    },
  };
}

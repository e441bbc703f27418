// How far the group is behind: the ends of all partitions, asked for independently of who reads them,
// against the head checkpoints.
import type { PartitionLag } from './http/contract.ts';
import type { Bounds } from './stream/log.ts';

/** An end is asked for about once a second; one this old is known no more. */
const KNOWN_FOR_MS = 5000;

export type Lag = {
  /** Asks for the ends once. */
  ask(): Promise<void>;
  /** Every partition, in order. */
  read(): PartitionLag[];
};

type Heads = ReadonlyMap<number, { readonly nextOffset: number }> | null;
type End = Bounds & { readonly askedAt: number };

/** The lag of a group. `nextOffsets` are those of the head checkpoints, null while they are not known. */
export function createLag(deps: {
  readEnds: () => Promise<ReadonlyMap<number, Bounds | { readonly error: string }>>;
  partitions: () => number;
  nextOffsets: () => Heads;
  /** Partitions whose heads cannot be followed at the moment. */
  old: () => ReadonlySet<number>;
  clock: { monotonic(): number };
}): Lag {
  const { readEnds, partitions, nextOffsets, old, clock } = deps;
  let ends = new Map<number, End>();

  function lagOf(partition: number, heads: Heads, isOld: boolean): PartitionLag {
    const end = ends.get(partition);
    if (end === undefined || clock.monotonic() - end.askedAt > KNOWN_FOR_MS) {
      return { partition, endOffset: null, lag: null };
    }
    // Whoever finds no checkpoint begins at the first order that is kept.
    const next = heads === null || isOld ? null : (heads.get(partition)?.nextOffset ?? end.low);
    // The head may be newer than the end.
    const lag = next === null ? null : Math.max(0, end.high - next);
    return { partition, endOffset: end.high, lag };
  }

  return {
    async ask() {
      const askedAt = clock.monotonic();
      const before = new Map(nextOffsets());
      const answers = await readEnds();
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
      const heads = nextOffsets();
      const isOld = old();
      return Array.from({ length: partitions() }, (_, partition) =>
        lagOf(partition, heads, isOld.has(partition)),
      );
    },
  };
}

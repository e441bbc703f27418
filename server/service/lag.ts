// How far the group is behind: the ends of all partitions, asked for independently of who reads them,
// against the head checkpoints.
import type { PartitionLag } from '../http/contract.ts';
import { isoTime } from '../log/clip.ts';
import type { Bounds } from '../log/ports.ts';
import { createEndHistory, type EndHistory } from './end-history.ts';

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
type End = Bounds & { readonly askedAt: number; readonly history: EndHistory };

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
  clock: { monotonic(): number; now(): number };
}): Lag {
  const { readEnds, heads, isKnown, old, clock } = deps;
  let partitions = 0;
  let ends = new Map<number, End>();

  function lagOf(partition: number, known: Heads, isOld: boolean): PartitionLag {
    const end = ends.get(partition);
    const unknown = { partition, endOffset: null, lag: null, firstUnread: null };
    if (end === undefined || clock.monotonic() - end.askedAt > KNOWN_FOR_MS) return unknown;
    if (isOld || !isKnown(partition)) return { ...unknown, endOffset: end.high };
    // A partition without a checkpoint will be read from its first order on.
    const next = known.get(partition)?.nextOffset ?? end.low;
    const first = end.history.firstAbove(next);
    return {
      partition,
      endOffset: end.high,
      // The head may be newer than the end.
      lag: Math.max(0, end.high - next),
      firstUnread: first && { since: isoTime(first.at), orBefore: first.orBefore },
    };
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
        // A log that ends before what was read of it is another one: the topic was created anew.
        const isAnother = answer.high < (before.get(partition)?.nextOffset ?? 0);
        const history = ends.get(partition)?.history ?? createEndHistory();
        history.note(answer.high, clock.now());
        if (isAnother) answered.delete(partition);
        else answered.set(partition, { ...answer, askedAt, history });
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

// The head checkpoints of all partitions, and what they come to together. Work is done only when
// somebody looks, then only for what changed, and in slices.
import { InconsistentStateError } from '../errors.ts';
import { type CheckpointSummary, decodeSummary } from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import { createSlices, type Steps } from '../log/slices.ts';

/** The states of all partitions in one, kept by the business. */
export type GroupState = {
  /**
   * The state of a partition, as its fold encoded it, takes the place of the one before (null: none).
   * Throws RangeError, and has changed nothing then, when the bytes are no such state.
   */
  replace(before: Buffer | null, after: Buffer): Steps<void>;
  /** All that is new has been put in its place. */
  settle(): Steps<void>;
};

export type Heads = {
  /** A checkpoint that takes the place of the partition's head. */
  put(partition: number, checkpoint: Buffer): void;
  /** The newest heads, by partition; cheap, what is folded is not looked at. */
  newest(): ReadonlyMap<number, CheckpointSummary>;
  /**
   * Merges what is new, at once or, when that takes long, by the time the promise resolves: until then some
   * partitions of `merged` and of the group state are old and some are new.
   */
  merge(): Promise<void> | undefined;
  /** The heads that the group state is made of. */
  readonly merged: ReadonlyMap<number, CheckpointSummary>;
  /** Other work on the group state, between two merges. */
  run<T>(work: () => Steps<T>): T | Promise<T>;
  /** Whether a head is new since the last call. */
  takeMoved(): boolean;
};

/** An error of the fold is one of the checkpoint that its state came with. */
function inWords(error: unknown, folded: Buffer): unknown {
  if (!(error instanceof RangeError)) return error;
  const words = `the state of ${folded.length} bytes in a checkpoint cannot be decoded`;
  return new InconsistentStateError(words, { cause: error });
}

/** No heads yet; `onFailed` hears of a head that cannot be decoded, and the one before stays. */
export function createHeads(deps: {
  clock: Clock;
  group: GroupState;
  onFailed: (partition: number, error: unknown) => void;
}): Heads {
  const { clock, group, onFailed } = deps;
  const slices = createSlices(clock);
  const newHeads = new Map<number, Buffer>();
  const newest = new Map<number, CheckpointSummary>();
  /** Decoded heads still to be merged; and the state of each partition as it is in the group state. */
  const unmerged = new Map<number, { summary: CheckpointSummary; folded: Buffer }>();
  const states = new Map<number, Buffer>();
  const merged = new Map<number, CheckpointSummary>();
  let moved = false;
  let merging: Promise<void> | undefined;

  function readHeads(): void {
    for (const [partition, bytes] of newHeads) {
      newHeads.delete(partition);
      try {
        const head = decodeSummary(bytes);
        newest.set(partition, head.summary);
        unmerged.set(partition, head);
      } catch (error) {
        onFailed(partition, error);
      }
    }
  }

  function* mergeAll(): Steps<void> {
    for (const [partition, { summary, folded }] of unmerged) {
      unmerged.delete(partition);
      try {
        yield* group.replace(states.get(partition) ?? null, folded);
        states.set(partition, folded);
        merged.set(partition, summary);
        moved = true;
      } catch (error) {
        onFailed(partition, inWords(error, folded));
      }
    }
    yield* group.settle();
  }

  function merge(): Promise<void> | undefined {
    readHeads();
    if (unmerged.size === 0) return merging;
    const result = slices.run(mergeAll);
    if (!(result instanceof Promise)) return undefined;
    const pending = result.finally(() => {
      if (merging === pending) merging = undefined;
    });
    merging = pending;
    return pending;
  }

  return {
    put: (partition, checkpoint) => void newHeads.set(partition, checkpoint),
    newest() {
      readHeads();
      return newest;
    },
    merge,
    merged,
    run: slices.run,
    takeMoved() {
      const taken = moved;
      moved = false;
      return taken;
    },
  };
}

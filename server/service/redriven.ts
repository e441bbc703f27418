// Which orders of a partition have been redriven, as its head checkpoint says it: for those who ask what
// a redrive would come to, on whichever instance.
import { AppError } from '../errors.ts';
import { type CheckpointSummary, decodeCheckpoint } from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import { type LogReader, nameOf } from '../log/ports.ts';
import { readRange } from '../log/walk.ts';
import { createRedrivenSet } from '../task/redriven-set.ts';

/** What a head says of it, packed: in the checkpoint that it leans on, and what has come since. */
export type PackedRedriven = { readonly base: Buffer; readonly since: Buffer };

export type Redriven = {
  of(partition: number): Promise<{ has(origin: number): boolean }>;
  /** The same bytes as long as a head leans on the same checkpoint. */
  packed(partition: number): Promise<PackedRedriven>;
};

const NOTHING = Buffer.alloc(0);

/** Reads the checkpoints that heads lean on; the one of each partition that it read last is kept. */
export function createRedriven(deps: {
  reader: LogReader;
  topic: string;
  heads: () => ReadonlyMap<number, CheckpointSummary>;
  clock: Clock;
}): Redriven {
  const { reader, topic, heads, clock } = deps;
  const bases = new Map<number, { offset: number; redriven: Buffer }>();

  async function baseOf(partition: number, offset: number): Promise<Buffer> {
    const known = bases.get(partition);
    if (known?.offset === offset) return known.redriven;
    const tp = { topic, partition };
    let redriven: Buffer | null = null;
    const signal = new AbortController().signal;
    const range = { from: offset, to: offset + 1 };
    await readRange({ reader, clock, signal }, tp, range, ({ bytes, valueStart, valueEnd }) => {
      redriven = Buffer.from(decodeCheckpoint(bytes.subarray(valueStart, valueEnd)).redriven);
    });
    // The checkpoint was trimmed meanwhile: then there is a newer head, which refers to another one.
    if (redriven === null) {
      throw new AppError(
        'NOT_KNOWN_YET',
        `${nameOf(tp)} has no checkpoint at ${offset} any more`,
        true,
      );
    }
    bases.set(partition, { offset, redriven });
    return redriven;
  }

  async function packed(partition: number): Promise<PackedRedriven> {
    const head = heads().get(partition);
    if (head === undefined) return { base: NOTHING, since: NOTHING };
    const base = head.base < 0 ? NOTHING : await baseOf(partition, head.base);
    return { base, since: head.redriven };
  }

  return {
    packed,
    async of(partition) {
      const { base, since } = await packed(partition);
      return createRedrivenSet(base, since);
    },
  };
}

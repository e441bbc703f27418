// Tells the index of dead letters which of their orders were redriven, as the head checkpoints say it.
import type { CheckpointSummary } from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import { unpackOffsets } from '../log/packed-offsets.ts';
import { createSlices } from '../log/slices.ts';
import type { DeadLetterIndex } from '../view/dead-letter-index.ts';
import type { Redriven } from './redriven.ts';

type Told = { readonly count: number; readonly packed: Buffer; readonly base: Float64Array };

/** A look at all heads: what was told before is not told again. */
export function createLetterRedrives(deps: {
  index: Pick<DeadLetterIndex, 'setRedriven'>;
  redriven: Pick<Redriven, 'packed'>;
  heads: () => ReadonlyMap<number, CheckpointSummary>;
  clock: Clock;
}): () => Promise<void> {
  const { index, redriven, heads, clock } = deps;
  const told = new Map<number, Told>();
  const slices = createSlices(clock);

  return async () => {
    for (const [partition, { redrivenCount }] of heads()) {
      const before = told.get(partition);
      if (redrivenCount === (before?.count ?? 0)) continue;
      const packed = await redriven.packed(partition);
      const base = before?.packed === packed.base ? before.base : unpackOffsets(packed.base);
      const since = unpackOffsets(packed.since);
      await slices.run(() => index.setRedriven(partition, { base, since }));
      told.set(partition, { count: redrivenCount, packed: packed.base, base });
    }
  };
}

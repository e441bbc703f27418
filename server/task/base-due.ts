// When a checkpoint has to be whole: it says all of R and D, and the next ones lean on it.
import type { CheckpointStamp } from '../log/checkpoint-stamp.ts';
import type { Base, Books } from './ledger-state.ts';
import type { BaseAfter } from './task-deps.ts';

/** Some 64 KB in every checkpoint, and some 100 ms of a restore. */
const BASE_AFTER: BaseAfter = { redriven: 30_000, deadLetters: 20_000 };
/** Of all dead letters: to write all of them again must not cost more than to write them once. */
const SHARE_SINCE_BASE = 0.1;

/** Whether a base may have been trimmed, where the head needs the checkpoints from `neededFrom` on. */
export function mayBeGone(base: Base | null, neededFrom: number): boolean {
  return base !== null && base.offset < neededFrom;
}

/** Whether the next checkpoint has to be whole. */
export function isBaseDue(
  {
    base,
    redriven,
    deadLetterOffset,
    deadLetters,
  }: Pick<Books<unknown>, 'base' | 'deadLetterOffset'> & {
    readonly redriven: { readonly sinceBase: number };
    readonly deadLetters: { readonly size: number };
  },
  neededFrom: number,
  after: BaseAfter = BASE_AFTER,
): boolean {
  const letters = deadLetterOffset - (base?.deadLetterOffset ?? 0);
  return (
    mayBeGone(base, neededFrom) ||
    redriven.sinceBase > after.redriven ||
    letters > Math.max(after.deadLetters, deadLetters.size * SHARE_SINCE_BASE)
  );
}

/** Whether the books say more than the head. */
export function isAhead(
  {
    nextOffset,
    deadLetterOffset,
    pending,
  }: Pick<Books<unknown>, 'nextOffset' | 'deadLetterOffset'> & {
    readonly pending: { readonly size: number };
  },
  head: Pick<CheckpointStamp, 'nextOffset' | 'deadLetterOffset' | 'pendingCount'>,
): boolean {
  return (
    nextOffset > head.nextOffset ||
    deadLetterOffset > head.deadLetterOffset ||
    pending.size < head.pendingCount
  );
}

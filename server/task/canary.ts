// A redrive that begins small: how many letters are sent before it is looked at what became of them.
import type { Canary } from '../log/selection.ts';

const GROWTH = 4;

/**
 * How many have been sent when it is to be looked at the next time, of which `sent` were sent by now:
 * after the first `count`, then after four times as many more, and so on. Without a canary never.
 */
export function nextLook(canary: Canary | null, sent: number): number {
  if (canary === null) return Number.POSITIVE_INFINITY;
  let step = canary.count;
  let look = step;
  while (look <= sent) {
    step *= GROWTH;
    look += step;
  }
  return look;
}

/** Why it must not go on when `failedAgain` of all `sent` failed again; null: it may. */
export function stopReason(
  canary: Canary | null,
  { sent, failedAgain }: { sent: number; failedAgain: number },
): string | null {
  if (canary === null || failedAgain <= canary.maxFailed * sent) return null;
  const allowed = Math.round(canary.maxFailed * 1000) / 10;
  return `${failedAgain} of ${sent} failed again, more than ${allowed} %`;
}

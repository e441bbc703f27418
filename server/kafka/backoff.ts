// Waiting before Kafka is asked again.
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_MS = 50;
const MAX_MS = 2000;

/** Waits the longer the more attempts failed, with equal jitter; not at all once `signal` is aborted. */
export async function backoff(
  attempt: number,
  random: () => number,
  signal?: AbortSignal,
): Promise<void> {
  const ceiling = Math.min(MAX_MS, FIRST_MS * 2 ** attempt);
  await delay(ceiling * (0.5 + random() / 2), undefined, signal && { signal }).catch(() => {});
}

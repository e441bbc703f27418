// How long Kafka is left alone before it is asked again.
import { systemClock } from '../log/clock.ts';
import type { Backoff } from '../log/retry.ts';

/** 50 ms at first and 2 s at most; what is aborted waits no more. */
export function kafkaBackoff(random: () => number, signal?: AbortSignal): Backoff {
  const times = { clock: systemClock, firstMs: 50, maxMs: 2000 };
  return signal === undefined ? { ...times, random } : { ...times, random, signal };
}

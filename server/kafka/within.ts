// A limit to waiting.
import { setTimeout as delay } from 'node:timers/promises';

/** What `work` comes to; rejects when it takes longer than `ms`. The work itself is not stopped. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const cancel = new AbortController();
  const late = delay(ms, undefined, { signal: cancel.signal }).then(() => {
    throw new Error(`no answer within ${ms} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel.abort();
    // Whichever of the two was slower may still reject, and nobody would handle that.
    void Promise.allSettled([work, late]);
  }
}

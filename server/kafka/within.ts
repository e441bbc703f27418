// A limit to waiting.
import { setTimeout as delay } from 'node:timers/promises';

/** What `work` comes to; rejects when it takes longer than `ms`. It goes on all the same, unheard. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const cancel = new AbortController();
  const late = delay(ms, undefined, { signal: cancel.signal }).then(() => {
    throw new Error(`no answer within ${ms} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel.abort();
    // Whoever lost the race may still fail.
    void Promise.allSettled([work, late]);
  }
}

// Waits that an AbortSignal ends.
import { setMaxListeners } from 'node:events';
import type { Clock } from './clock.ts';

/** An AbortController for whose signal any number may wait; of others Node takes more than ten for a leak. */
export function createAbort(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** What `promise` comes to, or a rejection with the signal's reason when that comes first. */
export function abortable<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Work that is told by its signal when its time, in ms, is over. */
export function within<T>(
  clock: Pick<Clock, 'after'>,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const tooLong = createAbort();
  const cancel = clock.after(ms, () => tooLong.abort());
  return work(tooLong.signal).finally(cancel);
}

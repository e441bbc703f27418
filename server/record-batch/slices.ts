// Long work in pieces, so that timers and sockets get their turn in between.
import { setImmediate } from 'node:timers/promises';

/** Runs work that yields every few milliseconds; at once when it does not yield. */
export async function inSlices<T>(work: Generator<void, T>): Promise<T> {
  let step = work.next();
  while (!step.done) {
    await setImmediate();
    step = work.next();
  }
  return step.value;
}

// Waits for the outcome of a redrive: until it has ended, for a time, or until Ctrl-C. The redrive itself
// goes on whether or not anybody waits for it.
import { setTimeout as delay } from 'node:timers/promises';
import type { RedriveShown } from '../http/contract-commands.ts';
import { abortable } from '../log/abortable.ts';
import type { Answer } from './dlq-client.ts';

/** `last`: what it came to, or how far it was when the wait ended; null when there was no answer by then. */
export type Awaited = { readonly end: 'ended' | 'timeout' | 'interrupted'; last: Answer | null };

const LOOK_MS = 300;
const ENDED: readonly RedriveShown['state'][] = ['done', 'cancelled', 'stopped'];

/** Looks again and again, `timeoutMs` at most when it is given; `onLook` hears of everything but the end. */
export async function awaitOutcome(deps: {
  look: (signal: AbortSignal) => Promise<Answer>;
  onLook: (report: RedriveShown) => void;
  timeoutMs: number | null;
  interrupted: AbortSignal;
}): Promise<Awaited> {
  const { look, onLook, timeoutMs, interrupted } = deps;
  const tooLong = timeoutMs === null ? [] : [AbortSignal.timeout(timeoutMs)];
  const signal = AbortSignal.any([interrupted, ...tooLong]);
  let last: Answer | null = null;
  try {
    for (;;) {
      last = await abortable(signal, look(signal));
      const report = last.body as RedriveShown;
      if (ENDED.includes(report.state) && report.waiting === 0) return { end: 'ended', last };
      onLook(report);
      await delay(LOOK_MS, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    return { end: interrupted.aborted ? 'interrupted' : 'timeout', last };
  }
}

// What is done again and again while the service runs.
import type { Clock } from './stream/clock.ts';

/**
 * Does `work` every `ms` from now on, never twice at a time. What it rejects with goes to `onFailed`,
 * null when it has succeeded. The result ends it.
 */
export function repeat(deps: {
  clock: Pick<Clock, 'after'>;
  ms: number;
  work: () => Promise<void> | void;
  onResult: (error: unknown) => void;
}): () => void {
  const { clock, ms, work, onResult } = deps;
  let open = true;
  let cancel = () => {};

  async function once(): Promise<void> {
    let failure: unknown = null;
    try {
      await work();
    } catch (error) {
      failure = error;
    }
    if (!open) return;
    cancel = clock.after(ms, () => void once());
    onResult(failure);
  }

  void once();
  return () => {
    open = false;
    cancel();
  };
}

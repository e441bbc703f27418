// Long polls: per leader one for all partitions that are followed there, the next one sent before the
// answer of this one is worked on.
import { describe, isProgrammerError } from '../errors.ts';
import { delay, systemClock } from '../log/clock.ts';
import { createFetchRound, type FetchRoundDeps } from './fetch-round.ts';

/** Who gets so much has fallen behind, and asks again at once. */
const MUCH_BYTES = 256 * 1024;

export type Polls = {
  /** Polls a leader as long as something is followed there; nothing when it is polled already. */
  begin(node: string): void;
  /** One of those that are followed may be ready again, or is gone. */
  wake(): void;
};

/** Nothing is polled yet. */
export function createPolls(
  deps: FetchRoundDeps & {
    signal: AbortSignal;
    pause: (failures: number) => Promise<void>;
    refresh: () => Promise<void>;
    /** From one request to the next, at least, unless there is much to read: each names all partitions. */
    everyMs?: number | undefined;
  },
): Polls {
  const {
    cluster,
    logger,
    fetchings,
    signal,
    pause,
    refresh,
    run,
    onPartition,
    everyMs = 0,
  } = deps;
  const fetchRound = createFetchRound(deps);
  const polled = new Set<string>();
  let sleepers: (() => void)[] = [];

  async function poll(node: string): Promise<void> {
    polled.add(node);
    try {
      // Who begins to follow in this same tick is in the first request too.
      await null;
      let failures = 0;
      while (!signal.aborted) {
        const own = [...fetchings].filter(({ tp }) => cluster.leader(tp)?.node === node);
        if (own.length === 0) return;
        const askedAt = systemClock.monotonic();
        try {
          const bytes = await fetchRound(node, own);
          if (bytes === null) {
            await new Promise<void>((resolve) => sleepers.push(resolve));
            continue;
          }
          failures = 0;
          await rest(askedAt, bytes);
        } catch (error) {
          if (isProgrammerError(error)) throw error;
          if (signal.aborted) return;
          for (const { tp } of own) onPartition(tp, describe(error));
          logger.debug('fetching failed, trying again', { node, error: describe(error) });
          await pause(failures++);
          await refresh();
        }
      }
    } finally {
      polled.delete(node);
    }
  }

  async function rest(askedAt: number, bytes: number): Promise<void> {
    const left = askedAt + everyMs - systemClock.monotonic();
    if (left > 0 && bytes < MUCH_BYTES) await delay(systemClock, left, signal);
  }

  return {
    begin(node) {
      if (!polled.has(node)) run(poll(node));
    },
    wake() {
      const woken = sleepers;
      sleepers = [];
      for (const resolve of woken) resolve();
    },
  };
}

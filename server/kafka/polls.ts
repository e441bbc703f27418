// Long polls: per leader one for all partitions that are followed there, the next one sent before the
// answer of this one is worked on.
import { describe, isProgrammerError } from '../errors.ts';
import { createFetchRound, type FetchRoundDeps } from './fetch-round.ts';

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
  },
): Polls {
  const { cluster, logger, fetchings, signal, pause, refresh, run, onPartition } = deps;
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
        try {
          if (await fetchRound(node, own)) failures = 0;
          else await new Promise<void>((resolve) => sleepers.push(resolve));
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

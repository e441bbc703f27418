// Metadata of what a reader follows: asked for once for all who ask at the same time.
import { AppError, isProgrammerError } from '../errors.ts';
import { type Backoff, retry } from '../log/retry.ts';
import type { Cluster } from './cluster.ts';
import { ErrorCode, errorName } from './protocol.ts';

export type Refresh = {
  /** Asks for what is followed, and for `topic`; that no broker answers is told, not thrown. */
  ask(topic?: string): Promise<void>;
  /** Asks for what is followed; `refreshed` is called before it resolves. */
  refresh(): Promise<void>;
  /** The id that a topic has now; waits until there is such a topic. */
  topicId(topic: string): Promise<string | null>;
};

/** `followed` names the topics, with repetitions. */
export function createRefresh(deps: {
  cluster: Cluster;
  followed: () => readonly string[];
  refreshed: () => void;
  backoff: Backoff;
  onState: (up: boolean, error?: unknown) => void;
}): Refresh {
  const { cluster, followed, refreshed, backoff, onState } = deps;
  let refreshing: Promise<void> | null = null;

  async function ask(topic?: string): Promise<void> {
    const topics = new Set(followed());
    if (topic !== undefined) topics.add(topic);
    if (topics.size === 0) return;
    try {
      await cluster.refresh([...topics]);
      tell(true);
    } catch (error) {
      if (isProgrammerError(error)) throw error;
      tell(false, error);
    }
  }

  /** That connections fail which are being closed says nothing about Kafka. */
  function tell(up: boolean, error?: unknown): void {
    if (!backoff.signal?.aborted) onState(up, error);
  }

  return {
    ask,
    refresh() {
      refreshing ??= ask()
        .then(refreshed)
        .finally(() => {
          refreshing = null;
        });
      return refreshing;
    },
    topicId(topic) {
      const find = async () => {
        await ask(topic);
        const found = cluster.topic(topic);
        if (found?.error === ErrorCode.NONE) return found.id;
        throw new AppError('METADATA', errorName(found?.error ?? ErrorCode.UNKNOWN), true);
      };
      return retry(find, { ...backoff, failed: () => {} });
    },
  };
}

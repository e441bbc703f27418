// Metadata of what a reader follows: asked for once for all who ask at the same time.
import { AppError, isProgrammerError } from '../errors.ts';
import type { Cluster } from './cluster.ts';
import { ErrorCode } from './protocol.ts';

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
  pause: (attempt: number) => Promise<void>;
  isOpen: () => boolean;
  onState: (up: boolean, error?: unknown) => void;
}): Refresh {
  const { cluster, followed, refreshed, pause, isOpen, onState } = deps;
  let refreshing: Promise<void> | null = null;

  async function ask(topic?: string): Promise<void> {
    const topics = new Set(followed());
    if (topic !== undefined) topics.add(topic);
    if (topics.size === 0) return;
    try {
      await cluster.refresh([...topics]);
      if (isOpen()) onState(true);
    } catch (error) {
      if (isProgrammerError(error)) throw error;
      if (isOpen()) onState(false, error);
    }
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
    async topicId(topic) {
      for (let attempt = 0; isOpen(); attempt += 1) {
        await ask(topic);
        const found = cluster.topic(topic);
        if (found?.error === ErrorCode.NONE) return found.id;
        await pause(attempt);
      }
      throw new AppError('CLOSED', 'the reader is closed', false);
    },
  };
}

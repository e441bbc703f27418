// Follows partitions without a group: finds who leads them, and has each leader polled.
import { AppError } from '../errors.ts';
import { createAbort } from '../log/abortable.ts';
import type { Logger } from '../log/logger.ts';
import { type LogReader, nameOf, type TopicPartition } from '../log/ports.ts';
import { pause as pauseOf } from '../log/retry.ts';
import { kafkaBackoff } from './backoff.ts';
import { createBounds } from './bounds.ts';
import type { Cluster } from './cluster.ts';
import { createFetching, type Fetching } from './fetching.ts';
import { createPolls } from './polls.ts';
import { createRefresh } from './refresh.ts';

/**
 * A leader that was replaced without hearing of it answers as before, and no error tells us. The
 * controller takes about as long (broker.session.timeout.ms, 9 s) to replace one that is cut off.
 */
const METADATA_EVERY_MS = 10_000;

export type Fetcher = LogReader & {
  /** What the topic is called inside Kafka now, which it keeps as long as it is not created anew. */
  topicId(topic: string): Promise<string | null>;
  close(): Promise<void>;
};

/** A reader on connections of its own. */
export function createFetcher(deps: {
  cluster: Cluster;
  logger: Logger;
  random: () => number;
  /** Whether any broker answers, and if not why. */
  onState: (up: boolean, error?: unknown) => void;
  /** The outcome of the last attempt to fetch a followed partition, in words; null: it was served. */
  onPartition: (tp: TopicPartition, error: string | null) => void;
  /** An answer to a fetch: how long it took, and the bytes of its records. */
  onFetched?: (ms: number, bytes: number) => void;
  metadataEveryMs?: number;
  /** How long a request waits at the end of a partition; who asks next waits for it. */
  maxWaitMs?: number;
  /** From one request to a leader to the next, at least, unless there is much to read. */
  everyMs?: number;
}): Fetcher {
  const { cluster, logger, random, onState, onPartition } = deps;
  const { metadataEveryMs = METADATA_EVERY_MS, onFetched = () => {} } = deps;
  const fetchings = new Set<Fetching>();
  /** How many follow a partition, by its name: counted, because a large group has thousands. */
  const followers = new Map<string, number>();
  const closing = createAbort();
  const { signal } = closing;
  let searching = false;

  const backoff = kafkaBackoff(random, signal);
  const pause = (failures: number) => pauseOf(failures, backoff);
  const { ask, refresh, topicId } = createRefresh({
    ...{ cluster, backoff, onState },
    followed: () => [...fetchings].map(({ tp }) => tp.topic),
    refreshed: () => place(),
  });
  const boundsOf = createBounds({ cluster, logger, backoff, refresh: ask });
  const polls = createPolls({
    ...{ cluster, logger, fetchings, signal, pause, refresh, run, onPartition, onFetched },
    onUp: () => onState(true),
    maxWaitMs: deps.maxWaitMs,
    everyMs: deps.everyMs,
  });
  const metadataTimer = setInterval(() => run(refresh()), metadataEveryMs);

  /** Runs beside everything else. What it throws is a mistake in the code, and ends all following. */
  function run(work: Promise<void>): void {
    work.catch((error: unknown) => {
      for (const each of [...fetchings]) each.fail(error);
    });
  }

  function place(some: Iterable<Fetching> = fetchings): void {
    for (const { tp } of some) {
      const leader = cluster.leader(tp);
      if (leader === null) run(search());
      else polls.begin(leader.node);
    }
    polls.wake();
  }

  /** Until every followed partition has a leader. */
  async function search(): Promise<void> {
    if (searching) return;
    searching = true;
    const missing = () => [...fetchings].filter(({ tp }) => cluster.leader(tp) === null);
    try {
      for (let failures = 0; !signal.aborted && missing().length > 0; failures += 1) {
        if (failures > 0) await pause(failures - 1);
        await refresh();
        for (const { tp } of missing()) onPartition(tp, cluster.whyNoLeader(tp));
      }
    } finally {
      searching = false;
    }
  }

  function closed(fetching: Fetching): void {
    const { tp } = fetching;
    fetchings.delete(fetching);
    const left = (followers.get(nameOf(tp)) ?? 1) - 1;
    if (left > 0) followers.set(nameOf(tp), left);
    else {
      followers.delete(nameOf(tp));
      // A partition that nobody follows has no problem.
      onPartition(tp, null);
    }
    polls.wake();
  }

  return {
    bounds: boundsOf,
    topicId,
    follow(tp, from, follower) {
      const fetching = createFetching({
        ...{ tp, from, follower, logger, boundsOf, pause, refresh, wake: polls.wake, closed },
      });
      fetchings.add(fetching);
      followers.set(nameOf(tp), (followers.get(nameOf(tp)) ?? 0) + 1);
      place([fetching]);
      return { close: fetching.close };
    },
    async close() {
      closing.abort(new AppError('CLOSED', 'the reader is closed', false));
      clearInterval(metadataTimer);
      for (const each of [...fetchings]) each.close();
      polls.wake();
      await cluster.close();
    },
  };
}

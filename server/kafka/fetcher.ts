// Follows partitions without a group: per leader one long poll for all of them, the next one sent
// before the answer of this one is worked on.
import { describe, isProgrammerError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import type { LogReader, TopicPartition } from '../log/ports.ts';
import { backoff } from './backoff.ts';
import { createBounds } from './bounds.ts';
import type { Cluster } from './cluster.ts';
import { createFollowed, type Followed, groupByPlace, placeOf } from './followed.ts';
import { ErrorCode, errorName, type FetchedPartition, fetchExchange } from './protocol.ts';
import { createRefresh } from './refresh.ts';
import { WireError } from './wire.ts';

const MAX_WAIT_MS = 100;
/** While somebody is left out of a poll, nobody may have to wait long for being let in again. */
const SHORT_WAIT_MS = 10;
const MAX_PARTITION_BYTES = 2 ** 20;
const MAX_BYTES = 16 * 2 ** 20;
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
  metadataEveryMs?: number;
  /** How long a request waits at the end of a partition; who asks next waits for it. */
  maxWaitMs?: number;
}): Fetcher {
  const { cluster, logger, random, onState, onPartition } = deps;
  const { metadataEveryMs = METADATA_EVERY_MS, maxWaitMs = MAX_WAIT_MS } = deps;
  /** In the order in which they are asked for: who got something goes to the end. */
  const followed = new Set<Followed>();
  const polled = new Set<string>();
  const closing = new AbortController();
  let searching = false;
  let sleepers: (() => void)[] = [];

  const pause = (attempt: number) => backoff(attempt, random, closing.signal);
  const isOpen = () => !closing.signal.aborted;
  const { ask, refresh, topicId } = createRefresh({
    ...{ cluster, pause, isOpen, onState },
    followed: () => [...followed].map(({ tp }) => tp.topic),
    refreshed: place,
  });
  const boundsOf = createBounds({ cluster, logger, pause, isOpen, refresh: ask });
  const upkeep = setInterval(() => run(refresh()), metadataEveryMs);

  function wake(): void {
    const woken = sleepers;
    sleepers = [];
    for (const resolve of woken) resolve();
  }

  function putLast(each: Followed): void {
    if (followed.delete(each)) followed.add(each);
  }

  /** Runs beside everything else. What it throws is a mistake in the code, and ends all following. */
  function run(work: Promise<void>): void {
    work.catch((error: unknown) => {
      for (const each of [...followed]) each.fail(error);
    });
  }

  function place(): void {
    for (const { tp } of followed) {
      const node = cluster.leader(tp)?.node;
      if (node === undefined) run(search());
      else if (!polled.has(node)) run(poll(node));
    }
    wake();
  }

  /** Until every followed partition has a leader. */
  async function search(): Promise<void> {
    if (searching) return;
    searching = true;
    try {
      const missing = () => [...followed].some(({ tp }) => cluster.leader(tp) === null);
      for (let attempt = 0; isOpen() && missing(); attempt += 1) {
        if (attempt > 0) await pause(attempt - 1);
        await refresh();
        for (const { tp } of followed)
          if (cluster.leader(tp) === null) onPartition(tp, cluster.whyNoLeader(tp));
      }
    } finally {
      searching = false;
    }
  }

  async function poll(node: string): Promise<void> {
    polled.add(node);
    try {
      // Who begins to follow in this same tick is in the first request too.
      await null;
      let failures = 0;
      while (isOpen()) {
        const own = [...followed].filter(({ tp }) => cluster.leader(tp)?.node === node);
        if (own.length === 0) return;
        const groups = groupByPlace(own.filter(({ ready }) => ready));
        if (groups.length === 0) {
          await new Promise<void>((resolve) => sleepers.push(resolve));
          continue;
        }
        const leftOut = own.filter(({ resting }) => !resting).length - groups.flat().length;
        try {
          await fetchOnce(node, groups, leftOut > 0);
          failures = 0;
        } catch (error) {
          if (isProgrammerError(error)) throw error;
          if (!isOpen()) return;
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

  async function fetchOnce(node: string, groups: readonly Followed[][], someLeftOut: boolean) {
    const everyone = groups.flat();
    const positions = groups.map(([first]) => {
      const { tp, position } = first!;
      return { ...tp, epoch: cluster.leader(tp)?.epoch ?? -1, offset: position! };
    });
    const exchange = fetchExchange(positions, {
      maxWaitMs: someLeftOut ? Math.min(SHORT_WAIT_MS, maxWaitMs) : maxWaitMs,
      maxBytes: MAX_BYTES,
      maxPartitionBytes: MAX_PARTITION_BYTES,
    });
    for (const each of everyone) {
      each.asked = true;
      putLast(each);
    }
    let parts: FetchedPartition[];
    try {
      parts = await cluster.send(node, exchange);
    } finally {
      for (const each of everyone) each.asked = false;
    }
    onState(true);
    const byPlace = new Map(parts.map((part) => [placeOf(part), part]));
    for (const group of groups) {
      const part = byPlace.get(placeOf(group[0]!.tp));
      if (part === undefined) throw new WireError('an answer without a partition asked for');
      let problem = part.error === ErrorCode.NONE ? null : errorName(part.error);
      for (const each of group) {
        // A batch above the limit is given only to the first in the request that has anything.
        if (part.bytes.length > 0) putLast(each);
        if (each.take(part)) {
          each.failures = 0;
          continue;
        }
        problem ??= 'no whole batch in the answer';
        run(rest(each, problem));
      }
      onPartition(group[0]!.tp, problem);
    }
  }

  /** Leaves one partition alone for a while, so that the others do not wait for it. */
  async function rest(each: Followed, error: string): Promise<void> {
    each.resting = true;

    logger.debug('a partition cannot be fetched, trying again', { ...each.tp, error });
    await pause(each.failures++);
    await refresh();
    each.resting = false;
    wake();
  }

  return {
    bounds: boundsOf,
    topicId,
    follow(tp, from, follower) {
      const closed = (each: Followed) => {
        followed.delete(each);
        const place = placeOf(tp);
        // Nobody's partition has no problem.
        if (![...followed].some((other) => placeOf(other.tp) === place)) onPartition(tp, null);
        wake();
      };
      const each = createFollowed({ tp, from, follower, logger, boundsOf, pause, wake, closed });
      followed.add(each);
      place();
      return { close: each.close };
    },
    async close() {
      closing.abort();
      clearInterval(upkeep);
      for (const each of [...followed]) each.close();
      wake();
      await cluster.close();
    },
  };
}

// Follows partitions without a group: per leader one long poll for all of them, the next one sent
// before the answer of this one is worked on.
import { describe, isProgrammerError } from '../errors.ts';
import type { LogReader, TopicPartition } from '../stream/log.ts';
import type { Logger } from '../stream/logger.ts';
import { backoff } from './backoff.ts';
import { createBounds } from './bounds.ts';
import type { Cluster } from './cluster.ts';
import { createFollowed, type Followed, groupByPlace, placeOf } from './followed.ts';
import { ErrorCode, errorName, type FetchedPartition, fetchExchange } from './protocol.ts';
import { WireError } from './wire.ts';

const MAX_WAIT_MS = 100;
/** While somebody is left out of a poll, nobody may have to wait long for being let in again. */
const SHORT_WAIT_MS = 10;
const MAX_PARTITION_BYTES = 2 ** 20;
const MAX_BYTES = 16 * 2 ** 20;

export type Fetcher = LogReader & { close(): Promise<void> };

/** A reader on connections of its own; `onState` hears whether Kafka answers, and if not why. */
export function createFetcher(deps: {
  cluster: Cluster;
  logger: Logger;
  random: () => number;
  onState: (up: boolean, error?: unknown) => void;
  /** The outcome of the last attempt to fetch this partition; null = it was served. */
  onPartition: (tp: TopicPartition, error: string | null) => void;
}): Fetcher {
  const { cluster, logger, random, onState, onPartition } = deps;
  /** In the order in which they are asked for: who got something goes to the end. */
  const followed = new Set<Followed>();
  const polled = new Set<string>();
  const closing = new AbortController();
  let refreshing: Promise<void> | null = null;
  let searching = false;
  let sleepers: (() => void)[] = [];

  const pause = (attempt: number) => backoff(attempt, random, closing.signal);
  const isOpen = () => !closing.signal.aborted;
  const boundsOf = createBounds({ cluster, logger, pause, isOpen, onState });

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

  /** Asks for metadata, once for all who ask at the same time, and sees to it that leaders are polled. */
  function refresh(): Promise<void> {
    refreshing ??= (async () => {
      try {
        const topics = new Set([...followed].map(({ tp }) => tp.topic));
        if (topics.size > 0) await cluster.refresh([...topics]);
      } catch (error) {
        if (isProgrammerError(error)) throw error;
        if (isOpen()) onState(false, error);
      }
      place();
    })().finally(() => {
      refreshing = null;
    });
    return refreshing;
  }

  function place(): void {
    for (const { tp } of followed) {
      const node = cluster.leader(tp);
      if (node === null) run(search());
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
        const own = [...followed].filter(({ tp }) => cluster.leader(tp) === node);
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
          onState(false, error);
          logger.debug('fetching failed, trying again', { node, error: describe(error) });
          for (const { tp } of own) onPartition(tp, describe(error));
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
    const positions = groups.map(([first]) => ({ ...first!.tp, offset: first!.position! }));
    const exchange = fetchExchange(positions, {
      maxWaitMs: someLeftOut ? SHORT_WAIT_MS : MAX_WAIT_MS,
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
      for (const each of group) {
        // A batch above the limit is given only to the first in the request that has anything.
        if (part.bytes.length > 0) putLast(each);
        if (each.take(part)) {
          each.failures = 0;
          onPartition(each.tp, null);
        } else run(rest(each, part.error));
      }
    }
  }

  /** Leaves one partition alone for a while, so that the others do not wait for it. */
  async function rest(each: Followed, error: number): Promise<void> {
    each.resting = true;
    const reason = error === ErrorCode.NONE ? 'no whole batch in the answer' : errorName(error);
    logger.debug('a partition cannot be fetched, trying again', { ...each.tp, error: reason });
    onPartition(each.tp, reason);
    await pause(each.failures++);
    await refresh();
    each.resting = false;
    wake();
  }

  return {
    bounds: boundsOf,
    follow(tp, from, follower) {
      const closed = (each: Followed) => {
        followed.delete(each);
        wake();
      };
      const each = createFollowed({ tp, from, follower, logger, boundsOf, pause, wake, closed });
      followed.add(each);
      place();
      return { close: each.close };
    },
    async close() {
      closing.abort();
      for (const each of [...followed]) each.close();
      wake();
      await cluster.close();
    },
  };
}

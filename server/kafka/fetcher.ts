// Follows partitions without a group: per leader one long poll for all of them, the next one sent
// before the answer of this one is worked on.
import { AppError, describe, isProgrammerError } from '../errors.ts';
import { nextOffsetAfter } from '../record-batch/batch-header.ts';
import type { Bounds, Follower, LogReader, RecordSet, TopicPartition } from '../stream/log.ts';
import type { Logger } from '../stream/logger.ts';
import { backoff } from './backoff.ts';
import type { Cluster } from './cluster.ts';
import {
  ErrorCode,
  type FetchedPartition,
  fetchExchange,
  listOffsetsExchange,
} from './protocol.ts';

const MAX_WAIT_MS = 100;
/** While a partition is left out of a poll, nobody may have to wait long for it to be let in again. */
const SHORT_WAIT_MS = 10;
const MAX_PARTITION_BYTES = 2 ** 20;
const MAX_BYTES = 16 * 2 ** 20;

type Followed = {
  readonly tp: TopicPartition;
  readonly follower: Follower;
  /** Where the next fetch begins. */
  position: number;
  /** A set is being worked on, and perhaps one more waits for that. */
  busy: boolean;
  next: RecordSet | null;
  open: boolean;
};

export type Fetcher = LogReader & { close(): Promise<void> };

/** A reader on connections of its own; `onState` hears whether Kafka answers, and if not why. */
export function createFetcher(deps: {
  cluster: Cluster;
  logger: Logger;
  random: () => number;
  onState: (up: boolean, error?: unknown) => void;
}): Fetcher {
  const { cluster, logger, random, onState } = deps;
  const followed = new Set<Followed>();
  const polling = new Set<string>();
  let open = true;
  let locating: Promise<void> | null = null;
  let wake = () => {};
  let awake = new Promise<void>((resolve) => {
    wake = resolve;
  });

  function wakeAll(): void {
    const resolve = wake;
    awake = new Promise((next) => {
      wake = next;
    });
    resolve();
  }

  /** Asks for metadata until every followed partition has a leader, and polls the leaders. */
  function locate(): Promise<void> {
    locating ??= (async () => {
      for (let attempt = 0; open; attempt += 1) {
        await refresh();
        for (const { tp } of followed) poll(cluster.leader(tp));
        if ([...followed].every(({ tp }) => cluster.leader(tp) !== null)) return;
        await backoff(attempt, random);
      }
    })().finally(() => {
      locating = null;
    });
    return locating;
  }

  async function refresh(): Promise<void> {
    try {
      await cluster.refresh([...new Set([...followed].map(({ tp }) => tp.topic))]);
    } catch (error) {
      if (isProgrammerError(error)) throw error;
      onState(false, error);
    }
  }

  function poll(node: string | null): void {
    if (node === null || polling.has(node)) {
      wakeAll();
      return;
    }
    polling.add(node);
    pollLeader(node)
      .catch((error: unknown) => {
        for (const each of [...followed]) end(each, error);
      })
      .finally(() => polling.delete(node));
  }

  async function pollLeader(node: string): Promise<void> {
    let failures = 0;
    while (open) {
      const own = [...followed].filter(({ tp }) => cluster.leader(tp) === node);
      if (own.length === 0) return;
      const ready = onePerPartition(own.filter(({ next }) => next === null));
      if (ready.length === 0) {
        await awake;
        continue;
      }
      try {
        const moved = await fetchOnce(node, ready, ready.length < own.length);
        onState(true);
        if (moved) failures = 0;
        else await backoff(failures++, random);
      } catch (error) {
        if (!open) return;
        if (isProgrammerError(error)) throw error;
        onState(false, error);
        logger.warn('fetch failed, trying again', { node, error: describe(error) });
        await backoff(failures++, random);
        await locate();
      }
    }
  }

  /** A request may name a partition once; who is left out now comes first the next time. */
  function onePerPartition(waiting: readonly Followed[]): Followed[] {
    const chosen = new Map<string, Followed>();
    for (const each of waiting) {
      const key = `${each.tp.topic}/${each.tp.partition}`;
      if (!chosen.has(key)) chosen.set(key, each);
    }
    for (const each of chosen.values()) {
      followed.delete(each);
      followed.add(each);
    }
    return [...chosen.values()];
  }

  /** One poll; false when an answer was no use, so that trying at once would be a busy loop. */
  async function fetchOnce(node: string, ready: readonly Followed[], hasOthers: boolean) {
    const positions = ready.map(({ tp, position }) => ({ ...tp, offset: position }));
    const maxWaitMs = hasOthers ? SHORT_WAIT_MS : MAX_WAIT_MS;
    const limits = { maxWaitMs, maxBytes: MAX_BYTES, maxPartitionBytes: MAX_PARTITION_BYTES };
    const answer = await cluster.send(node, fetchExchange(positions, limits));
    let useful = true;
    for (const part of answer) {
      const each = ready.find(
        ({ tp }) => tp.topic === part.topic && tp.partition === part.partition,
      );
      if (each?.open && !(await take(each, part))) useful = false;
    }
    return useful;
  }

  /** False when the partition needs time: another leader, a log that does not move. */
  async function take(each: Followed, part: FetchedPartition): Promise<boolean> {
    if (part.error === ErrorCode.OFFSET_OUT_OF_RANGE) {
      await askWhereToGo(each);
      return true;
    }
    if (part.error !== ErrorCode.NONE) {
      logger.debug('partition error', { ...each.tp, code: part.error });
      void locate();
      return false;
    }
    const position = nextOffsetAfter(part.bytes, each.position);
    const moved = position > each.position || part.bytes.length === 0;
    each.position = position;
    if (part.bytes.length > 0 || !each.busy) deliver(each, part);
    return moved;
  }

  async function askWhereToGo(each: Followed): Promise<void> {
    const bounds = await boundsOf(each.tp);
    if (!each.open || (bounds.low <= each.position && each.position <= bounds.high)) return;
    try {
      each.position = each.follower.outOfRange(each.position, bounds);
    } catch (error) {
      end(each, error);
    }
  }

  function deliver(each: Followed, set: RecordSet): void {
    if (each.busy) {
      each.next = set;
      return;
    }
    each.busy = true;
    // After the next request is on its way, which takes no more than the promises queued now.
    setImmediate(() => void work(each, set));
  }

  async function work(each: Followed, first: RecordSet): Promise<void> {
    try {
      for (let set: RecordSet | null = first; set !== null && each.open; ) {
        await each.follower.records(set);
        set = each.next;
        each.next = null;
        if (set !== null) wakeAll();
      }
    } catch (error) {
      end(each, error);
    } finally {
      each.busy = false;
      wakeAll();
    }
  }

  function end(each: Followed, error: unknown): void {
    if (!each.open) return;
    close(each);
    each.follower.failed(error);
  }

  function close(each: Followed): void {
    each.open = false;
    each.next = null;
    followed.delete(each);
    wakeAll();
  }

  async function offsetAt(tp: TopicPartition, time: -1 | -2): Promise<number> {
    for (let attempt = 0; open; attempt += 1) {
      try {
        if (cluster.leader(tp) === null || attempt > 0) await cluster.refresh([tp.topic]);
        const node = cluster.leader(tp);
        if (node !== null) {
          const { error, offset } = await cluster.send(node, listOffsetsExchange(tp, time));
          if (error === ErrorCode.NONE) return offset;
        }
      } catch (error) {
        if (isProgrammerError(error)) throw error;
        onState(false, error);
      }
      await backoff(attempt, random);
    }
    throw new AppError('CLOSED', 'the reader is closed', false);
  }

  async function boundsOf(tp: TopicPartition): Promise<Bounds> {
    return { low: await offsetAt(tp, -2), high: await offsetAt(tp, -1) };
  }

  return {
    bounds: boundsOf,
    follow(tp, from, follower) {
      const each: Followed = { tp, follower, position: from, busy: false, next: null, open: true };
      followed.add(each);
      const leader = cluster.leader(tp);
      if (leader === null) void locate();
      else poll(leader);
      return { close: () => close(each) };
    },
    async close() {
      open = false;
      for (const each of [...followed]) close(each);
      wakeAll();
      await cluster.close();
    },
  };
}

// Long polls: per leader one for all partitions that are followed there, the next one sent before the
// answer of this one is worked on.
import { describe, isProgrammerError } from '../errors.ts';
import { delay, systemClock } from '../log/clock.ts';
import type { Logger } from '../log/logger.ts';
import { nameOf, type TopicPartition } from '../log/ports.ts';
import type { Cluster } from './cluster.ts';
import type { Fetching } from './fetching.ts';
import { ErrorCode, errorName, type FetchedPartition, fetchExchange } from './protocol.ts';
import { WireError } from './wire.ts';

const MAX_WAIT_MS = 100;
/** When a request leaves a partition out, it waits only so long for new records: the next one has it again. */
const SHORT_WAIT_MS = 10;
const MAX_PARTITION_BYTES = 2 ** 20;
const MAX_BYTES = 16 * 2 ** 20;
/** Who gets so much has fallen behind, and asks again at once. */
const MUCH_BYTES = 256 * 1024;

export type Polls = {
  /** Polls a leader as long as something is followed there; nothing when it is polled already. */
  begin(node: string): void;
  /** One of those that are followed may be ready again, or is gone. */
  wake(): void;
};

/** `fetchings` stand in the order in which they are asked for: who got something goes to the end. */
export function createPolls(deps: {
  cluster: Cluster;
  logger: Logger;
  fetchings: Set<Fetching>;
  signal: AbortSignal;
  pause: (failures: number) => Promise<void>;
  refresh: () => Promise<void>;
  /** Runs beside everything else; hears of mistakes in the code. */
  run: (work: Promise<void>) => void;
  onState: (up: boolean) => void;
  onPartition: (tp: TopicPartition, error: string | null) => void;
  onFetched: (ms: number, bytes: number) => void;
  /** How long a request waits at the end of a partition; who asks next waits for it. */
  maxWaitMs?: number | undefined;
  /** From one request to the next, at least, unless there is much to read: each names all partitions. */
  everyMs?: number | undefined;
}): Polls {
  const { cluster, logger, fetchings, signal, pause, refresh, run, onPartition } = deps;
  const { onFetched, maxWaitMs = MAX_WAIT_MS, everyMs = 0 } = deps;
  const polled = new Set<string>();
  let sleepers: (() => void)[] = [];

  function putLast(each: Fetching): void {
    if (fetchings.delete(each)) fetchings.add(each);
  }

  async function poll(node: string): Promise<void> {
    polled.add(node);
    try {
      // Who begins to follow in this same tick is in the first request too.
      await null;
      let failures = 0;
      while (!signal.aborted) {
        const own = [...fetchings].filter(({ tp }) => cluster.leader(tp)?.node === node);
        if (own.length === 0) return;
        const groups = groupByPartition(own.filter(({ ready }) => ready));
        if (groups.length === 0) {
          await new Promise<void>((resolve) => sleepers.push(resolve));
          continue;
        }
        const leftOut = own.filter(({ resting }) => !resting).length - groups.flat().length;
        const askedAt = systemClock.monotonic();
        try {
          const parts = await fetchOnce(node, groups, leftOut > 0);
          deps.onState(true);
          handOut(parts, groups);
          failures = 0;
          await rest(askedAt, parts);
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

  async function rest(askedAt: number, parts: readonly FetchedPartition[]): Promise<void> {
    const left = askedAt + everyMs - systemClock.monotonic();
    if (left > 0 && bytesOf(parts) < MUCH_BYTES) await delay(systemClock, left, signal);
  }

  async function fetchOnce(
    node: string,
    groups: readonly Fetching[][],
    someLeftOut: boolean,
  ): Promise<FetchedPartition[]> {
    const everyone = groups.flat();
    const positions = groups.map(([first]) => {
      const { tp, position } = first!;
      return { ...tp, epoch: cluster.leader(tp)?.epoch ?? -1, offset: position };
    });
    const exchange = fetchExchange(positions, {
      maxWaitMs: someLeftOut ? Math.min(SHORT_WAIT_MS, maxWaitMs) : maxWaitMs,
      maxBytes: MAX_BYTES,
      maxPartitionBytes: MAX_PARTITION_BYTES,
    });
    for (const each of everyone) {
      each.ask();
      putLast(each);
    }
    try {
      const askedAt = systemClock.monotonic();
      const parts = await cluster.send(node, exchange);
      onFetched(systemClock.monotonic() - askedAt, bytesOf(parts));
      return parts;
    } finally {
      for (const each of everyone) each.answered();
    }
  }

  function handOut(parts: readonly FetchedPartition[], groups: readonly Fetching[][]): void {
    const byName = new Map(parts.map((part) => [nameOf(part), part]));
    for (const group of groups) {
      const { tp } = group[0]!;
      const part = byName.get(nameOf(tp));
      if (part === undefined) throw new WireError('an answer without a partition asked for');
      let problem = part.error === ErrorCode.NONE ? null : errorName(part.error);
      for (const each of group) {
        // A batch above the limit is given only to the first in the request that has anything.
        if (part.bytes.length > 0) putLast(each);
        if (each.take(part)) continue;
        problem ??= 'no whole batch in the answer';
        logger.debug('a partition cannot be fetched, trying again', { ...tp, error: problem });
        run(each.rest());
      }
      onPartition(tp, problem);
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

function bytesOf(parts: readonly FetchedPartition[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/**
 * A request names a partition once: followers at the same position share the answer; who stands
 * elsewhere is left out, and comes first the next time.
 */
function groupByPartition(ready: readonly Fetching[]): Fetching[][] {
  const groups = new Map<string, Fetching[]>();
  for (const each of ready) {
    const name = nameOf(each.tp);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [each]);
    else if (group[0]?.position === each.position) group.push(each);
  }
  return [...groups.values()];
}

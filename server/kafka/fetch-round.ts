// One request to one leader for all partitions that are followed there, and its answer given to whom it is for.
import { systemClock } from '../log/clock.ts';
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

export type FetchRoundDeps = {
  cluster: Cluster;
  logger: Logger;
  /** In the order in which they are asked for: who got something goes to the end. */
  fetchings: Set<Fetching>;
  /** Runs beside everything else; hears of mistakes in the code. */
  run: (work: Promise<void>) => void;
  /** An answer came, whatever it says. */
  onUp: () => void;
  onPartition: (tp: TopicPartition, error: string | null) => void;
  onFetched: (ms: number, bytes: number) => void;
  /** How long a request waits at the end of a partition for new records; who asks next waits for it. */
  maxWaitMs?: number | undefined;
};

/**
 * Asks a leader for those of `own` that are ready, and says how many bytes of records came; null when none is
 * ready. When it resolves, they have been given the answer, and work on it by themselves.
 */
export type FetchRound = (node: string, own: readonly Fetching[]) => Promise<number | null>;

/** Rounds of requests, for one leader after the other or for several at once. */
export function createFetchRound(deps: FetchRoundDeps): FetchRound {
  const { cluster, logger, fetchings, run, onUp, onPartition, onFetched } = deps;
  const { maxWaitMs = MAX_WAIT_MS } = deps;

  function putLast(each: Fetching): void {
    if (fetchings.delete(each)) fetchings.add(each);
  }

  async function ask(
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
        // Of a batch above the size limit Kafka sends only the first in the order of the request; so all get their turn.
        if (part.bytes.length > 0) putLast(each);
        if (each.take(part)) continue;
        problem ??= 'no whole batch in the answer';
        logger.debug('a partition cannot be fetched, trying again', { ...tp, error: problem });
        run(each.rest());
      }
      onPartition(tp, problem);
    }
  }

  return async (node, own) => {
    const groups = groupByPartition(own.filter(({ ready }) => ready));
    if (groups.length === 0) return null;
    const leftOut = own.filter(({ resting }) => !resting).length - groups.flat().length;
    const parts = await ask(node, groups, leftOut > 0);
    onUp();
    handOut(parts, groups);
    return bytesOf(parts);
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

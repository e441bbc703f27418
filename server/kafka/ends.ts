// The ends of all partitions of a topic, for who wants to know how far behind the group is.
import { describe } from '../errors.ts';
import type { Bounds } from '../log/ports.ts';
import type { Cluster } from './cluster.ts';
import { listOffsetsExchange, type PartitionOffset } from './offsets.ts';
import { type AtLeader, ErrorCode, errorName } from './protocol.ts';
import { within } from './within.ts';

const WITHIN_MS = 5000;

export type End = Bounds | { readonly error: string };

export type Ends = {
  /**
   * Low and high watermark of the partitions 0 to `partitions` - 1 now, or in words why a partition has
   * none. Never rejects, and takes no longer than a time limit: what one broker or one partition does not
   * answer, the others do.
   */
  read(topic: string, partitions: number): Promise<ReadonlyMap<number, End>>;
  close(): Promise<void>;
};

/** Asks for ends on connections of `cluster`: two ListOffsets for each leader, whatever it leads. */
export function createEnds({
  cluster,
  withinMs = WITHIN_MS,
}: {
  cluster: Cluster;
  /** Limit of each request, in ms. */
  withinMs?: number;
}): Ends {
  async function askLeader(node: string, led: readonly AtLeader[]): Promise<[number, End][]> {
    try {
      const ask = (time: -1 | -2) => cluster.send(node, listOffsetsExchange(led, time));
      const [lows, highs] = await within(withinMs, Promise.all([ask(-2), ask(-1)]));
      const [low, high] = [lows, highs].map(byPartition);
      return led.map(({ partition }) => [
        partition,
        endOf(low!.get(partition), high!.get(partition)),
      ]);
    } catch (error) {
      return led.map(({ partition }) => [partition, { error: describe(error) }]);
    }
  }

  /** One round: leaders from metadata, then each leader at the same time. */
  async function ask(topic: string, partitions: readonly number[]): Promise<Map<number, End>> {
    const ends = new Map<number, End>();
    const led = new Map<string, AtLeader[]>();
    for (const partition of partitions) {
      const tp = { topic, partition };
      const leader = cluster.leader(tp);
      if (leader === null) ends.set(partition, { error: cluster.whyNoLeader(tp) });
      else {
        const same = led.get(leader.node) ?? [];
        if (same.push({ ...tp, epoch: leader.epoch }) === 1) led.set(leader.node, same);
      }
    }
    const answers = await Promise.all([...led].map(([node, same]) => askLeader(node, same)));
    for (const [partition, end] of answers.flat()) ends.set(partition, end);
    return ends;
  }

  return {
    async read(topic, partitions) {
      const all = Array.from({ length: partitions }, (_, partition) => partition);
      const ends = await ask(topic, all);
      const failed = all.filter((partition) => 'error' in ends.get(partition)!);
      if (failed.length === 0) return ends;
      // The leader may have moved, or not be known yet.
      try {
        await within(withinMs, cluster.refresh([topic]));
      } catch (error) {
        const words = { error: describe(error) };
        return new Map([...ends, ...failed.map((partition): [number, End] => [partition, words])]);
      }
      return new Map([...ends, ...(await ask(topic, failed))]);
    },
    close: () => cluster.close(),
  };
}

function byPartition(answers: readonly PartitionOffset[]): Map<number, PartitionOffset> {
  return new Map(answers.map((answer) => [answer.partition, answer]));
}

function endOf(low: PartitionOffset | undefined, high: PartitionOffset | undefined): End {
  if (low === undefined || high === undefined) return { error: 'left out of the answer' };
  const error = low.error || high.error;
  return error === ErrorCode.NONE
    ? { low: low.offset, high: high.offset }
    : { error: errorName(error) };
}

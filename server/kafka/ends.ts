// The ends of all partitions of a topic, whoever reads them.
import { describe, isProgrammerError } from '../errors.ts';
import type { Cluster } from './cluster.ts';
import { ErrorCode, errorName, listOffsetsExchange } from './protocol.ts';

type End = { low: number; high: number } | { error: string };

export type Ends = {
  /** Asks once; never rejects for one partition. */
  read(topic: string, partitions: number): Promise<ReadonlyMap<number, End>>;
  close(): Promise<void>;
};

/** Asks the leaders. */
export function createEnds({ cluster }: { cluster: Cluster }): Ends {
  async function offsetAt(topic: string, partition: number, time: -1 | -2): Promise<number> {
    const tp = { topic, partition };
    if (cluster.leader(tp) === null) await cluster.refresh([topic]);
    const node = cluster.leader(tp);
    if (node === null) throw new Error('no leader');
    const { error, offset } = await cluster.send(node, listOffsetsExchange(tp, time));
    if (error === ErrorCode.NONE) return offset;
    await cluster.refresh([topic]);
    throw new Error(errorName(error));
  }

  async function endOf(topic: string, partition: number): Promise<End> {
    try {
      const low = await offsetAt(topic, partition, -2);
      return { low, high: await offsetAt(topic, partition, -1) };
    } catch (error) {
      if (isProgrammerError(error)) throw error;
      return { error: describe(error) };
    }
  }

  return {
    async read(topic, partitions) {
      const numbers = Array.from({ length: partitions }, (_, partition) => partition);
      const ends = await Promise.all(numbers.map((partition) => endOf(topic, partition)));
      return new Map(ends.map((end, partition) => [partition, end]));
    },
    close: () => cluster.close(),
  };
}

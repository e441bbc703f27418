import { type Field, type Fields, list, string } from './fields.ts';
import { unique } from './unique.ts';

/** What most requests and answers are: something about partitions, topic by topic. */
export type ByTopic<Partition> = readonly {
  readonly name: string;
  readonly partitions: readonly Partition[];
}[];

export const byTopic = <P extends object>(fields: Fields<P>): Field<ByTopic<P>> =>
  list({ name: string, partitions: list(fields) });

/** One result per partition, in the same order. */
export async function eachPartition<P, Result>(
  topics: ByTopic<P>,
  work: (topic: string, partition: P) => Result | Promise<Result>,
): Promise<ByTopic<Result>> {
  const results: { name: string; partitions: Result[] }[] = [];
  for (const { name, partitions } of topics) {
    const of: Result[] = [];
    for (const partition of partitions) of.push(await work(name, partition));
    results.push({ name, partitions: of });
  }
  return results;
}

/** Each partition once. */
export const uniquePartitions = <P extends { readonly partition: number }>(
  topics: ByTopic<P>,
): ByTopic<P> =>
  unique(topics, ({ name }) => name).map(({ name, partitions }) => ({
    name,
    partitions: unique(partitions, ({ partition }) => partition),
  }));

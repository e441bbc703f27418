import { array, type Field, type Fields, string, struct } from './fields.ts';

/** What most requests and answers are: something about partitions, topic by topic. */
export type ByTopic<Partition> = readonly {
  readonly name: string;
  readonly partitions: readonly Partition[];
}[];

export const byTopic = <P extends object>(fields: Fields<P>): Field<ByTopic<P>> =>
  array(struct({ name: string, partitions: array(struct(fields)) }));

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

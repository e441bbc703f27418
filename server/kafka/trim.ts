// Deletes the first records of a partition.
import { AppError } from '../errors.ts';
import { nameOf, type TopicPartition } from '../log/ports.ts';
import { type Cluster, findLeader } from './cluster.ts';
import { deleteRecordsExchange } from './offsets.ts';
import { ErrorCode, errorName } from './protocol.ts';

/** TOPIC_AUTHORIZATION_FAILED, UNSUPPORTED_VERSION, POLICY_VIOLATION: asking again does not help. */
const WILL_NOT_PASS: ReadonlySet<number> = new Set([29, 35, 44]);

/** Deletes the records below an offset. Rejects with an AppError (TRIM), not retriable when it is not allowed. */
export async function trim(cluster: Cluster, tp: TopicPartition, below: number): Promise<void> {
  const { node } = await findLeader(cluster, tp);
  const [answer] = await cluster.send(node, deleteRecordsExchange(tp, below));
  if (answer?.error === ErrorCode.NONE) return;
  // The leader may have moved; should that fail too, the next trim finds out.
  await cluster.refresh([tp.topic]).catch(() => {});
  const error = answer?.error ?? ErrorCode.UNKNOWN;
  const words = `${nameOf(tp)} cannot be trimmed: ${errorName(error)}`;
  throw new AppError('TRIM', words, !WILL_NOT_PASS.has(error));
}

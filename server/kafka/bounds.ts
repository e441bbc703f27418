// The ends of a partition, by ListOffsets.
import { AppError, describe, isProgrammerError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import type { Bounds, TopicPartition } from '../log/ports.ts';
import { type Backoff, retry } from '../log/retry.ts';
import { type Cluster, findLeader } from './cluster.ts';
import { listOffsetsExchange } from './offsets.ts';
import { ErrorCode, errorName } from './protocol.ts';

/** Asks for both watermarks until Kafka answers; rejects only when the reader is closed meanwhile. */
export function createBounds(deps: {
  cluster: Cluster;
  logger: Logger;
  backoff: Backoff;
  /** Asks for metadata, and does not reject when there is none to be had. */
  refresh: (topic: string) => Promise<void>;
}): (tp: TopicPartition) => Promise<Bounds> {
  const { cluster, logger, backoff, refresh } = deps;

  async function askOnce(tp: TopicPartition, time: -1 | -2): Promise<number> {
    const { node, epoch } = await findLeader(cluster, tp);
    const [answer] = await cluster.send(node, listOffsetsExchange([{ ...tp, epoch }], time));
    if (answer?.error === ErrorCode.NONE) return answer.offset;
    throw new AppError('LIST_OFFSETS', errorName(answer?.error ?? ErrorCode.UNKNOWN), true);
  }

  function offsetAt(tp: TopicPartition, time: -1 | -2): Promise<number> {
    const step = async (failures: number) => {
      // The leader may have moved.
      if (failures > 0) await refresh(tp.topic);
      return askOnce(tp, time);
    };
    return retry(step, {
      ...backoff,
      mayPass: (error) => !isProgrammerError(error),
      failed(error) {
        const fields = { ...tp, error: describe(error) };
        logger.debug('no offsets of a partition, trying again', fields);
      },
    });
  }

  return async (tp) => ({ low: await offsetAt(tp, -2), high: await offsetAt(tp, -1) });
}

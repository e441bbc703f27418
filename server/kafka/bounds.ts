// The ends of a partition, by ListOffsets.
import { AppError, describe, isProgrammerError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import type { Bounds, TopicPartition } from '../log/ports.ts';
import { type Cluster, findLeader } from './cluster.ts';
import { listOffsetsExchange } from './offsets.ts';
import { ErrorCode, errorName } from './protocol.ts';

/** Asks for both watermarks until Kafka answers; rejects only when the reader is closed meanwhile. */
export function createBounds(deps: {
  cluster: Cluster;
  logger: Logger;
  pause: (attempt: number) => Promise<void>;
  isOpen: () => boolean;
  /** Asks for metadata, and does not reject when there is none to be had. */
  refresh: (topic: string) => Promise<void>;
}): (tp: TopicPartition) => Promise<Bounds> {
  const { cluster, logger, pause, isOpen, refresh } = deps;

  async function offsetAt(tp: TopicPartition, time: -1 | -2): Promise<number> {
    for (let attempt = 0; isOpen(); attempt += 1) {
      try {
        const { node, epoch } = await findLeader(cluster, tp);
        const [answer] = await cluster.send(node, listOffsetsExchange([{ ...tp, epoch }], time));
        if (answer?.error === ErrorCode.NONE) return answer.offset;
        throw new AppError('LIST_OFFSETS', errorName(answer?.error ?? ErrorCode.UNKNOWN), true);
      } catch (error) {
        if (isProgrammerError(error)) throw error;

        if (isOpen())
          logger.debug('no offsets of a partition, trying again', {
            ...tp,
            error: describe(error),
          });
      }
      await pause(attempt);
      if (isOpen()) await refresh(tp.topic);
    }
    throw new AppError('CLOSED', 'the reader is closed', false);
  }

  return async (tp) => ({ low: await offsetAt(tp, -2), high: await offsetAt(tp, -1) });
}

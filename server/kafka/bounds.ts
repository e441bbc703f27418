// The ends of a partition, by ListOffsets.
import { AppError, isProgrammerError } from '../errors.ts';
import type { Bounds, TopicPartition } from '../stream/log.ts';
import type { Logger } from '../stream/logger.ts';
import type { Cluster } from './cluster.ts';
import { ErrorCode, errorName, listOffsetsExchange } from './protocol.ts';

/** Asks for both watermarks until Kafka answers; rejects only when the reader is closed meanwhile. */
export function createBounds(deps: {
  cluster: Cluster;
  logger: Logger;
  pause: (attempt: number) => Promise<void>;
  isOpen: () => boolean;
  onState: (up: boolean, error?: unknown) => void;
}): (tp: TopicPartition) => Promise<Bounds> {
  const { cluster, logger, pause, isOpen, onState } = deps;

  async function offsetAt(tp: TopicPartition, time: -1 | -2): Promise<number> {
    for (let attempt = 0; isOpen(); attempt += 1) {
      try {
        if (cluster.leader(tp) === null || attempt > 0) await cluster.refresh([tp.topic]);
        const node = cluster.leader(tp);
        if (node !== null) {
          const { error, offset } = await cluster.send(node, listOffsetsExchange(tp, time));
          if (error === ErrorCode.NONE) return offset;
          logger.debug('no offsets of a partition, trying again', {
            ...tp,
            error: errorName(error),
          });
        }
      } catch (error) {
        if (isProgrammerError(error)) throw error;
        if (isOpen()) onState(false, error);
      }
      await pause(attempt);
    }
    throw new AppError('CLOSED', 'the reader is closed', false);
  }

  return async (tp) => ({ low: await offsetAt(tp, -2), high: await offsetAt(tp, -1) });
}

// Writes batches of our own making with acks = all: kafkajs's producer cannot carry null header
// values, repeated header names in order, or a header called "constructor".
import { AppError, describe, isProgrammerError } from '../errors.ts';
import type { RecordContent } from '../record-batch/record.ts';
import { encodeBatch } from '../record-batch/writer.ts';
import { type LogWriter, nameOf } from '../stream/log.ts';
import type { Cluster } from './cluster.ts';
import { ErrorCode, errorName, produceExchange } from './protocol.ts';

const TIMEOUT_MS = 10_000;

/** The broker will not take these records, however often they are sent. */
const REFUSED: ReadonlyMap<number, string> = new Map([
  [ErrorCode.MESSAGE_TOO_LARGE, 'RECORD_TOO_LARGE'],
  [ErrorCode.RECORD_LIST_TOO_LARGE, 'RECORD_TOO_LARGE'],
  [2, 'CORRUPT_MESSAGE'],
  [17, 'INVALID_TOPIC'],
  [87, 'INVALID_RECORD'],
]);

/** A writer; it tries once, because its callers know how long trying makes sense. */
export function createAppender({
  cluster,
}: {
  cluster: Cluster;
}): LogWriter & { close(): Promise<void> } {
  const appender: LogWriter & { close(): Promise<void> } = {
    async append(tp, records) {
      const where = nameOf(tp);
      const batch = encodeBatch(records);
      try {
        if (cluster.leader(tp) === null) await cluster.refresh([tp.topic]);
        const node = cluster.leader(tp);
        if (node === null) throw new AppError('NO_LEADER', `${where} has no leader`, true);
        const { error, offset } = await cluster.send(node, produceExchange(tp, batch, TIMEOUT_MS));
        if (error === ErrorCode.NONE) return offset;
        if (error === ErrorCode.INVALID_TIMESTAMP && records.some(hasTime)) {
          return await appender.append(tp, records.map(withoutTime));
        }
        const refused = REFUSED.get(error);
        if (refused !== undefined) {
          const size = `a batch of ${batch.length} bytes`;
          throw new AppError(refused, `${where} refuses ${size}: ${errorName(error)}`, false);
        }
        throw new AppError('APPEND_FAILED', `${where} answers ${errorName(error)}`, true);
      } catch (error) {
        if (isProgrammerError(error) || (error instanceof AppError && !error.retriable))
          throw error;
        // The leader may have moved; should that fail too, the caller's next try finds out.
        await cluster.refresh([tp.topic]).catch(() => {});
        if (error instanceof AppError) throw error;
        throw new AppError('APPEND_FAILED', `${where}: ${describe(error)}`, true, { cause: error });
      }
    },
    close: () => cluster.close(),
  };
  return appender;
}

/** Kafka refuses times far from its own (KIP-937): a clock that is wrong must not keep records away. */
function withoutTime(record: RecordContent): RecordContent {
  return { ...record, timestamp: -1 };
}

function hasTime({ timestamp }: RecordContent): boolean {
  return timestamp !== -1;
}

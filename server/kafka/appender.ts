// Writes batches of our own making with acks = all: kafkajs's producer cannot carry null header
// values, repeated header names in order, or a header called "constructor".
import { AppError, describe, isProgrammerError } from '../errors.ts';
import { type LogWriter, nameOf } from '../log/ports.ts';
import { encodeBatch, encodeGzipBatch } from '../record-batch/writer.ts';
import { type Cluster, findLeader } from './cluster.ts';
import { ErrorCode, errorName, produceExchange } from './protocol.ts';

const TIMEOUT_MS = 10_000;
const INVALID_TIMESTAMP = 32;

/** The broker will not take these records, however often they are sent. */
const REFUSED: ReadonlyMap<number, string> = new Map([
  [ErrorCode.MESSAGE_TOO_LARGE, 'RECORD_TOO_LARGE'],
  [ErrorCode.RECORD_LIST_TOO_LARGE, 'RECORD_TOO_LARGE'],
  [2, 'CORRUPT_MESSAGE'],
  [17, 'INVALID_TOPIC'],
  [87, 'INVALID_RECORD'],
]);

/** A writer that tries once: its callers know how long it makes sense to try. */
export function createAppender({
  cluster,
  onFailed = () => {},
}: {
  cluster: Cluster;
  /** Hears of each append that failed and may succeed when it is repeated. */
  onFailed?: () => void;
}): LogWriter & { close(): Promise<void> } {
  return {
    async append(tp, records, { compressed } = { compressed: false }) {
      const where = nameOf(tp);
      const batch = compressed ? await encodeGzipBatch(records) : encodeBatch(records);
      try {
        const { node } = await findLeader(cluster, tp);
        const { error, offset } = await cluster.send(node, produceExchange(tp, batch, TIMEOUT_MS));
        if (error === ErrorCode.NONE) return offset;
        const refused = REFUSED.get(error);
        if (refused !== undefined) {
          const size = `a batch of ${batch.length} bytes`;
          throw new AppError(refused, `${where} refuses ${size}: ${errorName(error)}`, false);
        }
        const code = error === INVALID_TIMESTAMP ? 'INVALID_TIMESTAMP' : 'APPEND_FAILED';
        throw new AppError(code, `${where} answers ${errorName(error)}`, true);
      } catch (error) {
        if (isProgrammerError(error) || (error instanceof AppError && !error.retriable))
          throw error;
        onFailed();
        // The leader may have moved; should that fail too, the caller's next try finds out.
        await cluster.refresh([tp.topic]).catch(() => {});
        if (error instanceof AppError) throw error;
        throw new AppError('APPEND_FAILED', `${where}: ${describe(error)}`, true, { cause: error });
      }
    },
    close: () => cluster.close(),
  };
}

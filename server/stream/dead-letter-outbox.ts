// Orders on their way to the dead-letter topic: sent in batches, one at a time, until Kafka has them.
import { type Author, type DeadLetterCause, deadLetterHeaders } from '../domain/dead-letter.ts';
import type { RecordContent } from '../record-batch/record.ts';
import { openRecord } from '../record-batch/record-parts.ts';
import type { Clock } from './clock.ts';
import type { LogWriter, TopicPartition } from './log.ts';
import type { Logger } from './logger.ts';
import type { PendingOrder } from './pending-order.ts';
import { persist } from './persist.ts';
import type { Progress } from './progress.ts';

export type DeadLetterOutbox = {
  send(order: PendingOrder, cause: DeadLetterCause): void;
  /** Sends nothing more; what is on its way may still arrive. */
  close(): void;
};

const MAX_BATCH_RECORDS = 500;
const MAX_BATCH_BYTES = 512 * 1024;
/** The headers we add, roughly. */
const HEADER_BYTES = 1024;

/** An outbox of one partition; `onFailed` hears what trying again cannot mend. */
export function createDeadLetterOutbox(deps: {
  source: TopicPartition;
  target: TopicPartition;
  author: Author;
  writer: LogWriter;
  clock: Clock;
  random: () => number;
  logger: Logger;
  progress: Progress;
  onFailed: (error: unknown) => void;
}): DeadLetterOutbox {
  const { source, target, author, clock, onFailed } = deps;
  const waiting: { order: PendingOrder; cause: DeadLetterCause }[] = [];
  let open = true;
  let sending = false;

  async function sendAll(): Promise<void> {
    sending = true;
    try {
      await Promise.resolve();
      while (open && waiting.length > 0) {
        await persist(deps, target, nextBatch(), () => open);
      }
    } catch (error) {
      onFailed(error);
    } finally {
      sending = false;
    }
  }

  function nextBatch(): RecordContent[] {
    let bytes = 0;
    let count = 0;
    for (const { order } of waiting) {
      bytes += order.record.body.length + HEADER_BYTES;
      if (count === MAX_BATCH_RECORDS || (count > 0 && bytes > MAX_BATCH_BYTES)) break;
      count += 1;
    }
    return waiting.splice(0, count).map(({ order, cause }) => letter(order, cause));
  }

  function letter({ record }: PendingOrder, cause: DeadLetterCause): RecordContent {
    const { offset, timestamp, key, value, headers } = openRecord(record);
    return {
      timestamp: clock.now(),
      key,
      value,
      headers: deadLetterHeaders({ ...source, offset, timestamp }, cause, author, headers),
    };
  }

  return {
    send(order, cause) {
      waiting.push({ order, cause });
      if (!sending && open) void sendAll();
    },
    close() {
      open = false;
      waiting.length = 0;
    },
  };
}

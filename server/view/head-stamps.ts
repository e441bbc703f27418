// Which of the checkpoints that are read is the head of its partition.
import type { OnCheckpoint, PlacedStamp } from '../log/checkpoint-stamp.ts';
import { succeeds } from '../log/checkpoint-stamp.ts';
import { stampOf, valueUnder } from '../log/head.ts';
import type { Logger } from '../log/logger.ts';
import type { RecordCursor } from '../record-batch/reader.ts';

/**
 * Looks at the records of the checkpoint topic of a group: `onCheckpoint` hears of every checkpoint,
 * `onHead` of each that takes the place of the head, with a copy of its bytes. What is no checkpoint is
 * passed over, with one line in the log for each partition.
 */
export function createHeadStamps(deps: {
  topic: string;
  group: string;
  logger: Logger;
  onCheckpoint: OnCheckpoint;
  onHead: (partition: number, checkpoint: Buffer) => void;
}): (partition: number, cursor: RecordCursor) => void {
  const { topic, group, logger, onCheckpoint, onHead } = deps;
  const stamps = new Map<number, PlacedStamp>();
  const warned = new Set<number>();

  function warnOnce(partition: number, offset: number, bytes: number): void {
    if (warned.has(partition)) return;
    warned.add(partition);
    const message = 'a record that is no checkpoint is passed over, and so is every other';
    logger.warn(message, { topic, partition, offset, bytes });
  }

  return (partition, cursor) => {
    const bytes = valueUnder(cursor);
    const read = stampOf(bytes, group, { topic, partition });
    if (read === null) {
      warnOnce(partition, cursor.offset, bytes.length);
      return;
    }
    const stamp = { ...read, offset: cursor.offset };
    const head = stamps.get(partition);
    const isHead = head === undefined || succeeds(stamp, head);
    onCheckpoint(partition, cursor.offset, stamp, isHead);
    if (!isHead) return;
    stamps.set(partition, stamp);
    onHead(partition, Buffer.from(bytes));
  };
}

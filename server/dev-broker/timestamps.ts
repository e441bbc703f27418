// What Kafka does with the timestamps of a batch before it stands in the log.
import type { BatchHeader } from '../record-batch/batch-header.ts';
import { crc32c } from '../record-batch/crc32c.ts';
import { openRecordSet } from '../record-batch/reader.ts';
import { configNumber, configValue, type TopicConfig } from './topic-config.ts';

const NO_TIMESTAMP = -1;
const LOG_APPEND_TIME = 0x08;

export type Stamped = {
  readonly header: BatchHeader;
  /** When the broker appended it, in ms since 1970; -1 where the producer's time counts. */
  readonly appendTime: number;
};

/** Writes type and latest time into a valid batch, and its checksum again where that changes it. */
function stamp(batch: Buffer, header: BatchHeader, logAppendTime: boolean, maxTimestamp: number) {
  if (header.logAppendTime === logAppendTime && header.maxTimestamp === maxTimestamp) return header;
  const others = batch.readInt16BE(21) & ~LOG_APPEND_TIME;
  batch.writeInt16BE(others | (logAppendTime ? LOG_APPEND_TIME : 0), 21);
  batch.writeBigInt64BE(BigInt(maxTimestamp), 35);
  const crc = crc32c(batch, 21, batch.length);
  batch.writeUInt32BE(crc, 17);
  return { ...header, logAppendTime, maxTimestamp, crc };
}

/**
 * Stamps a valid batch with the broker's time, or checks every record's own time against what the
 * topic allows: by default at most an hour ahead of `now` (KIP-937). What the header says of the
 * latest is set right. A string says why the batch is refused.
 */
export async function stampBatch(
  batch: Buffer,
  header: BatchHeader,
  config: TopicConfig,
  now: number,
): Promise<Stamped | string> {
  if (configValue(config, 'message.timestamp.type') === 'LogAppendTime') {
    return { header: stamp(batch, header, true, now), appendTime: now };
  }
  const earliest = now - configNumber(config, 'message.timestamp.before.max.ms');
  const latest = now + configNumber(config, 'message.timestamp.after.max.ms');
  // The offset is not known yet, and the one that the producer wrote means nothing.
  batch.writeBigInt64BE(0n, 0);
  const cursor = openRecordSet({ bytes: batch, aborted: [] }, 0);
  let max = NO_TIMESTAMP;
  while (await cursor.nextBatch()) {
    while (cursor.next()) {
      const { timestamp, offset } = cursor;
      if (timestamp !== NO_TIMESTAMP && (timestamp < earliest || timestamp > latest)) {
        return `the timestamp ${timestamp} of record ${offset} is out of range`;
      }
      max = Math.max(max, timestamp);
    }
  }
  return { header: stamp(batch, header, false, max), appendTime: -1 };
}

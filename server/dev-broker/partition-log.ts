// One partition: batches one after the other, verbatim but for base offset and leader epoch, which
// the CRC leaves out. Kept in segments, so that retention and DeleteRecords free what they delete.
import type { BatchHeader } from '../record-batch/batch-header.ts';
import { ErrorCode } from './error-code.ts';
import { createLogReads } from './log-reads.ts';
import { openLogSegments } from './log-segments.ts';
import { createProducerSequences } from './producer-sequences.ts';
import type { SegmentStore } from './segments.ts';

const SEGMENT_BYTES = 8 * 1024 * 1024;
/** DeleteRecords begins a new segment when at least this part of the last one holds deleted records. */
const DEAD_PART = 1 / 32;

export type PartitionLog = ReturnType<typeof openPartitionLog>;

type Dependencies = {
  store: SegmentStore;
  /** Where DeleteRecords had moved the start to. */
  startOffset: number;
  saveStart: (offset: number) => void;
  /** Old segments go while at least this much stays; -1 keeps all. */
  retentionBytes: number;
  segmentBytes?: number;
  /** Told in words when the end of the log had to be cut off. */
  onDamage: (message: string) => void;
};

/** Opens a partition; what is not a whole, valid batch at the end of its log is cut off. */
export function openPartitionLog(dependencies: Dependencies) {
  const { store, startOffset, saveStart, onDamage } = dependencies;
  let { retentionBytes } = dependencies;
  const { segmentBytes = SEGMENT_BYTES } = dependencies;
  const producers = createProducerSequences();
  const listeners = new Set<() => void>();
  const recovered = (header: BatchHeader) => producers.appended(header, header.baseOffset);
  const segments = openLogSegments({ store, startOffset, segmentBytes, recovered, onDamage });
  const { start, end } = segments;

  function notify(): void {
    for (const listener of [...listeners]) listener();
  }

  return {
    start,
    /** The next offset to be written: the high watermark. */
    end,

    /** Appends one valid batch; throws what the file system throws, and then nothing has changed. */
    append(batch: Buffer, header: BatchHeader): { error: ErrorCode; baseOffset: number } {
      const verdict = producers.judge(header);
      if (verdict !== 'append') {
        if ('error' in verdict) return { error: verdict.error, baseOffset: -1 };
        return { error: ErrorCode.NONE, baseOffset: verdict.duplicateOf };
      }
      let segment = segments.last();
      if (segment.size > 0 && segment.size + batch.length > segmentBytes) {
        segment = segments.begin();
        segments.retain(retentionBytes);
      }
      const baseOffset = end();
      batch.writeBigInt64BE(BigInt(baseOffset), 0);
      batch.writeInt32BE(0, 12);
      segment.storage.write(batch, segment.size);
      segments.indexOf(segment).add(baseOffset, segment.size, header.maxTimestamp);
      segments.grew(batch.length, header.count);
      producers.appended(header, baseOffset);
      notify();
      return { error: ErrorCode.NONE, baseOffset };
    },

    ...createLogReads(segments),

    /** Deletes the records before `offset`, which is within [start, end]. */
    deleteBefore(offset: number): void {
      if (offset <= start()) return;
      saveStart(offset);
      const last = segments.last();
      const dead = offset - last.base <= 0 ? 0 : segments.indexOf(last).positionOf(offset);
      if (last.size > 0 && (offset === end() || dead >= segmentBytes * DEAD_PART)) segments.begin();
      segments.moveStart(offset);
    },

    /** Called after every append and when the partition is gone; returns how to stop that. */
    onChange(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    /** From now on keeps at least so many bytes; -1 keeps all. */
    retain(bytes: number): void {
      retentionBytes = bytes;
    },

    flush: (failed: (error: Error) => void) => segments.last().storage.flush(failed),
    close: () => segments.last().storage.close(),
    remove(): void {
      for (const segment of segments.all) segment.storage.remove();
      notify();
    },
  };
}

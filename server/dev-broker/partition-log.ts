// One partition: batches one after the other, verbatim but for base offset and leader epoch, which
// the CRC leaves out. Kept in segments, so that retention and DeleteRecords free what they delete.
import type { BatchHeader } from '../record-batch/batch-header.ts';
import { ErrorCode } from './error-code.ts';
import { endsAtOrAfter, findBatch, isOf, type Wanted } from './log-segment.ts';
import { openLogSegments } from './log-segments.ts';
import { createProducerSequences } from './producer-sequences.ts';
import type { SegmentStore } from './segments.ts';

const SEGMENT_BYTES = 8 * 1024 * 1024;
/** DeleteRecords begins a new segment when this part of the growing one is dead. */
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

    /**
     * Whole batches from the one that holds `offset` on, at most `maxBytes` of them; the first comes
     * whatever its size when `atLeastOne`. Null when the stored bytes are not what was written.
     */
    read(offset: number, maxBytes: number, atLeastOne: boolean): Buffer | null {
      if (offset >= end()) return Buffer.alloc(0);
      const segment = segments.of(offset);
      const index = segments.indexOf(segment);
      const first = findBatch(segment, index.positionOf(offset), endsAtOrAfter(offset));
      if (!first) return null;
      const limit = first.position + maxBytes;
      let until = limit >= segment.size ? segment.size : index.boundary(limit);
      if (until <= first.position) {
        if (first.length > maxBytes && !atLeastOne) return Buffer.alloc(0);
        until = first.position + first.length;
      }
      return segment.storage.read(first.position, until - first.position);
    },

    /** About how many bytes stand from `offset` on. */
    bytesFrom(offset: number): number {
      if (offset >= end()) return 0;
      const segment = segments.of(offset);
      let bytes = segment.size - segments.indexOf(segment).positionOf(offset);
      for (const later of segments.all.slice(segments.all.indexOf(segment) + 1))
        bytes += later.size;
      return bytes;
    },

    /** The first batch with a record of `time` or later; null when all are earlier. */
    batchAt(time: number): Buffer | null {
      const isKept = endsAtOrAfter(start());
      const isLate = isOf(time);
      const wanted: Wanted = (bytes, at) => isLate(bytes, at) && isKept(bytes, at);
      for (const segment of segments.all) {
        const index = segments.indexOf(segment);
        for (const position of index.positionsAt(time, index.positionOf(start()))) {
          const found = findBatch(segment, position, wanted);
          if (found) return segment.storage.read(found.position, found.length);
        }
      }
      return null;
    },

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

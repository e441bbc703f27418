// The segments of one partition's log, from the start of the log to its end. A segment is removed as a whole:
// by retention, by DeleteRecords, or at the recovery after a crash, when the one before it was damaged.
import { type BatchHeader, checkCrc } from '../record-batch/batch-header.ts';
import { type LogSegment, loadSegment } from './log-segment.ts';
import type { SegmentStore } from './segments.ts';
import { createSparseIndex, type SparseIndex } from './sparse-index.ts';

export type LogSegments = ReturnType<typeof openLogSegments>;

/** What an earlier process kept, less what is damaged; there is always one segment at least. */
export function openLogSegments(deps: {
  store: SegmentStore;
  /** Records below it are deleted. */
  startOffset: number;
  segmentBytes: number;
  /** Hears of the batches that were written last. */
  recovered: (header: BatchHeader) => void;
  /** Told in words what cannot be read any more. */
  onDamage: (message: string) => void;
}) {
  const { store, segmentBytes, recovered, onDamage } = deps;
  const segments: LogSegment[] = [];
  let start = deps.startOffset;
  let end = start;
  recover();

  function recover(): void {
    let damaged = false;
    const all = store.existing();
    for (const [i, { base, size }] of all.entries()) {
      const segment: LogSegment = { base, storage: store.open(base), size, index: null };
      const next = all[i + 1];
      if (damaged || (next && next.base <= start)) {
        segment.storage.remove();
        continue;
      }
      segments.push(segment);
      // A crash can only have touched what was written in its last moments: the last two segments.
      if (i < all.length - 2) continue;
      end = loadSegment(segment, segmentBytes, (bytes, header) => {
        checkCrc(bytes, header);
        recovered(header);
      });
      if (segment.size === size && (!next || next.base === end)) continue;
      damaged = true;
      onDamage(`cut ${size - segment.size} damaged bytes off the log at offset ${end}`);
    }
    start = Math.max(start, segments[0]?.base ?? 0);
    if (end < start) {
      for (const segment of segments.splice(0)) segment.storage.remove();
      end = start;
    }
    if (segments.length === 0) begin();
  }

  function begin(): LogSegment {
    segments.at(-1)?.storage.seal();
    const segment = { base: end, storage: store.open(end), size: 0, index: createSparseIndex() };
    segments.push(segment);
    return segment;
  }

  /** Moves the start and drops the segments of which nothing is left. */
  function moveStart(offset: number): void {
    start = Math.max(start, offset);
    while (segments.length > 1 && segments[1]!.base <= start) segments.shift()!.storage.remove();
  }

  return {
    /** In the order of the log. */
    all: segments as readonly LogSegment[],
    start: () => start,
    end: () => end,
    last: () => segments.at(-1)!,
    /** The segment that holds an offset. */
    of: (offset: number) => segments.findLast(({ base }) => base <= offset) ?? segments[0]!,

    indexOf(segment: LogSegment): SparseIndex {
      if (segment.index) return segment.index;
      const { size } = segment;
      const next = loadSegment(segment, segmentBytes, () => {});
      if (segment.size < size) onDamage(`what follows offset ${next} cannot be read`);
      return segment.index!;
    },

    /** A new last segment; what is appended from now on goes there. */
    begin,
    moveStart,

    /** The last segment has got a batch. */
    grew(bytes: number, records: number): void {
      segments.at(-1)!.size += bytes;
      end += records;
    },

    /** Drops the oldest as long as at least so many bytes stay; none when it is negative. */
    retain(bytes: number): void {
      if (bytes < 0) return;
      let total = 0;
      for (const { size } of segments) total += size;
      while (segments.length > 1 && total - segments[0]!.size >= bytes) {
        total -= segments[0]!.size;
        moveStart(segments[1]!.base);
      }
    },
  };
}

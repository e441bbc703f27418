// What is read of a partition's log.
import { endsAtOrAfter, findBatch, isOf, type Wanted } from './log-segment.ts';
import type { LogSegments } from './log-segments.ts';

/** Reads the segments, whatever is appended or deleted meanwhile. */
export function createLogReads(segments: LogSegments) {
  return {
    /**
     * Whole batches from the one that holds `offset` on, at most `maxBytes` of them; the first comes
     * whatever its size when `atLeastOne`. Null when the stored bytes are not what was written.
     */
    read(offset: number, maxBytes: number, atLeastOne: boolean): Buffer | null {
      if (offset >= segments.end()) return Buffer.alloc(0);
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
      if (offset >= segments.end()) return 0;
      const segment = segments.of(offset);
      let bytes = segment.size - segments.indexOf(segment).positionOf(offset);
      for (const later of segments.all.slice(segments.all.indexOf(segment) + 1))
        bytes += later.size;
      return bytes;
    },

    /** The first batch with a record of `time` or later; null when all are earlier. */
    batchAt(time: number): Buffer | null {
      const isKept = endsAtOrAfter(segments.start());
      const isLate = isOf(time);
      const wanted: Wanted = (bytes, at) => isLate(bytes, at) && isKept(bytes, at);
      for (const segment of segments.all) {
        const index = segments.indexOf(segment);
        for (const position of index.positionsAt(time, index.positionOf(segments.start()))) {
          const found = findBatch(segment, position, wanted);
          if (found) return segment.storage.read(found.position, found.length);
        }
      }
      return null;
    },
  };
}

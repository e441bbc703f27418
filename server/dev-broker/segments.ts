// Where the bytes of a partition are kept: in segments named by their first offset, so that old ones
// can be dropped whole. One kind keeps them in files, the other in memory.
import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFully } from './write-fully.ts';

/** The bytes of one append-only segment of a log. Everything throws what the file system throws. */
export type SegmentStorage = {
  write(bytes: Buffer, position: number): void;
  /** The `length` bytes from `position` on; fewer when they are not there. */
  read(position: number, length: number): Buffer;
  /** Nothing more will be appended. */
  seal(): void;
  /** Forces what was written to the disk, without waiting; is done again where that failed. */
  flush(failed: (error: Error) => void): void;
  /** Forces what was written to the disk, then lets go of it. */
  close(): void;
  remove(): void;
};

/** The segments of one partition. */
export type SegmentStore = {
  /** What was kept by an earlier process, by first offset. */
  existing(): { base: number; size: number }[];
  open(base: number): SegmentStorage;
};

/** Keeps the segments as files `<first offset>.log` in a folder, which is made with the first append. */
export function createFileSegments(directory: string): SegmentStore {
  const path = (base: number) => join(directory, `${String(base).padStart(20, '0')}.log`);
  return {
    existing() {
      if (!existsSync(directory)) return [];
      const names = readdirSync(directory, { withFileTypes: true });
      return names
        .filter((entry) => entry.isFile() && /^\d{20}\.log$/.test(entry.name))
        .map((entry) => Number(entry.name.slice(0, 20)))
        .filter(Number.isSafeInteger)
        .sort((a, b) => a - b)
        .map((base) => ({ base, size: statSync(path(base)).size }));
    },
    open: (base) => openFileSegment(path(base)),
  };
}

function openFileSegment(path: string): SegmentStorage {
  // Held open only while the segment grows. Every read opens the file anew, so that a thousand partitions at
  // rest hold no descriptor.
  let growing: number | null = null;
  let dirty = false;

  function grow(): number {
    if (growing !== null) return growing;
    mkdirSync(dirname(path), { recursive: true });
    growing = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
    return growing;
  }

  function letGo(): void {
    if (growing === null) return;
    closeSync(growing);
    growing = null;
  }

  return {
    write(bytes, position) {
      const fd = grow();
      dirty = true;
      writeFully(fd, bytes, position);
    },
    read(position, length) {
      const fd = growing ?? openSync(path, 'r');
      try {
        const bytes = Buffer.allocUnsafe(length);
        return bytes.subarray(0, readSync(fd, bytes, 0, length, position));
      } finally {
        if (fd !== growing) closeSync(fd);
      }
    },
    seal() {
      const fd = growing;
      growing = null;
      if (fd !== null) fdatasync(fd, () => closeSync(fd));
    },
    flush(failed) {
      if (!dirty || growing === null) return;
      dirty = false;
      fdatasync(growing, (error) => {
        if (!error) return;
        dirty = true;
        failed(error);
      });
    },
    close() {
      if (growing !== null && dirty) fdatasyncSync(growing);
      letGo();
    },
    remove() {
      letGo();
      rmSync(path, { force: true });
    },
  };
}

/** Keeps the segments in memory: gone with the process. */
export function createMemorySegments(): SegmentStore {
  return { existing: () => [], open: openMemorySegment };
}

function openMemorySegment(): SegmentStorage {
  let bytes = Buffer.alloc(0);
  let size = 0;
  return {
    write(added, position) {
      const end = position + added.length;
      if (end > bytes.length) {
        // Readers hold views of the old block, which no one writes to any more.
        const larger = Buffer.allocUnsafeSlow(Math.max(end, 2 * bytes.length, 4096));
        bytes.copy(larger, 0, 0, size);
        bytes = larger;
      }
      added.copy(bytes, position);
      size = end;
    },
    read: (position, length) => bytes.subarray(position, Math.min(position + length, size)),
    seal() {},
    flush() {},
    close() {},
    remove() {
      bytes = Buffer.alloc(0);
      size = 0;
    },
  };
}

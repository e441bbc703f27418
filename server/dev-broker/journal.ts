// A small map that survives the process: every change is one appended line `[key, value]`, and the
// file is rewritten when most of its lines are outdated.
import {
  closeSync,
  constants,
  fdatasync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';

const MAX_OUTDATED = 10_000;

export type Journal<Value> = {
  readonly entries: ReadonlyMap<string, Value>;
  /** Writes, then applies; undefined removes the key. Throws what the file system throws. */
  set(changes: readonly Change<Value>[]): void;
  /** Forces what was written to the disk, without waiting. */
  flush(): void;
  close(): void;
};

type Change<Value> = readonly [key: string, value: Value | undefined];

/** Opens the map kept at `path`; what a killed process left of a line is passed over. */
export function openJournal<Value>(path: string): Journal<Value> {
  const entries = new Map<string, Value>();
  let fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  const bytes = readFileSync(fd);
  let size = bytes.length;
  let lines = 0;
  let dirty = false;
  for (const line of bytes.toString().split('\n')) {
    const change = parse<Value>(line);
    if (change) apply(entries, change);
    lines++;
  }

  function rewrite(): void {
    const next = openSync(`${path}.new`, 'w', 0o644);
    try {
      const length = write(next, 0, [...entries]);
      fsyncSync(next);
      renameSync(`${path}.new`, path);
      closeSync(fd);
      [fd, size, lines] = [next, length, entries.size];
    } catch (error) {
      closeSync(next);
      throw error;
    }
  }

  return {
    entries,
    set(changes) {
      if (lines > 2 * entries.size + MAX_OUTDATED) rewrite();
      dirty = true;
      size += write(fd, size, changes);
      lines += changes.length;
      for (const change of changes) apply(entries, change);
    },
    flush() {
      if (!dirty) return;
      dirty = false;
      fdatasync(fd, (error) => {
        if (error) dirty = true;
      });
    },
    close() {
      fsyncSync(fd);
      closeSync(fd);
    },
  };
}

/** The same map without a file. */
export function createMemoryJournal<Value>(): Journal<Value> {
  const entries = new Map<string, Value>();
  return {
    entries,
    set(changes) {
      for (const change of changes) apply(entries, change);
    },
    flush() {},
    close() {},
  };
}

function apply<Value>(entries: Map<string, Value>, [key, value]: Change<Value>): void {
  if (value === undefined) entries.delete(key);
  else entries.set(key, value);
}

function parse<Value>(line: string): Change<Value> | null {
  try {
    const [key, value] = JSON.parse(line);
    return typeof key === 'string' ? [key, value ?? undefined] : null;
  } catch {
    return null;
  }
}

function write<Value>(fd: number, position: number, changes: readonly Change<Value>[]): number {
  const lines = changes.map(([key, value]) => JSON.stringify([key, value ?? null]));
  // The first line end keeps what an earlier write left half done apart.
  const bytes = Buffer.from(`\n${lines.join('\n')}\n`);
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
  return bytes.length;
}

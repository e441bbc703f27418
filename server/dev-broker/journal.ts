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
} from 'node:fs';
import { writeFully } from './write-fully.ts';

const MAX_OUTDATED = 10_000;

export type Journal<Value> = {
  readonly entries: ReadonlyMap<string, Value>;
  /** Writes, then applies; undefined removes the key. Throws what the file system throws. */
  set(changes: Iterable<Change<Value>>): void;
  /** Forces what was written to the disk, without waiting; is done again where that failed. */
  flush(failed: (error: Error) => void): void;
  close(): void;
};

type Change<Value> = readonly [key: string, value: Value | undefined];

/**
 * The map kept at `path`, without what a killed process left half written; null keeps it in memory.
 * What `accepts` refuses is left out, and said: the file may hold anything.
 */
export function openJournal<Value>(
  path: string | null,
  accepts: (key: string, value: unknown) => boolean = () => true,
  onDamage: (what: string) => void = () => {},
): Journal<Value> {
  const entries = new Map<string, Value>();
  const apply = (changes: Iterable<Change<Value>>) => {
    for (const [key, value] of changes) {
      if (value === undefined) entries.delete(key);
      else entries.set(key, value);
    }
  };
  if (path === null) return { entries, set: apply, flush() {}, close() {} };

  let fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  const bytes = readFileSync(fd);
  let size = bytes.length;
  const lines = bytes.toString().split('\n');
  let written = lines.length;
  let dirty = false;
  const changes = lines.flatMap(parse<Value>);
  const isGood = ([key, value]: Change<Value>) => value === undefined || accepts(key, value);
  apply(changes.filter(isGood));
  const bad = changes.findIndex((change) => !isGood(change));
  if (bad >= 0) onDamage(`${path} holds what does not belong there, first for ${changes[bad]![0]}`);

  function rewrite(path: string): void {
    const next = openSync(`${path}.new`, 'w', 0o644);
    try {
      const length = append(next, 0, entries);
      fsyncSync(next);
      renameSync(`${path}.new`, path);
      closeSync(fd);
      [fd, size, written] = [next, length, entries.size];
    } catch (error) {
      closeSync(next);
      throw error;
    }
  }

  return {
    entries,
    set(changes) {
      const added = [...changes];
      if (added.length === 0) return;
      if (written > 2 * entries.size + MAX_OUTDATED) rewrite(path);
      dirty = true;
      size += append(fd, size, added);
      written += added.length;
      apply(added);
    },
    flush(failed) {
      if (!dirty) return;
      dirty = false;
      fdatasync(fd, (error) => {
        if (!error) return;
        dirty = true;
        failed(error);
      });
    },
    close() {
      fsyncSync(fd);
      closeSync(fd);
    },
  };
}

function parse<Value>(line: string): Change<Value>[] {
  try {
    const [key, value] = JSON.parse(line);
    return typeof key === 'string' ? [[key, value ?? undefined]] : [];
  } catch {
    return [];
  }
}

function append<Value>(fd: number, at: number, changes: Iterable<Change<Value>>): number {
  const lines = [...changes].map(([key, value]) => JSON.stringify([key, value ?? null]));
  // The first line end keeps what an earlier write left half done apart.
  const bytes = Buffer.from(`\n${lines.join('\n')}\n`);
  writeFully(fd, bytes, at);
  return bytes.length;
}

// R: which orders were redriven, by the offset of the order that was dead-lettered. A checkpoint says
// either all of it or, when there is much, what has come since an earlier checkpoint, its base.
import { unpackOffsets } from '../log/packed-offsets.ts';
import { createOffsetSet, type OffsetSet } from './offset-set.ts';

export type RedrivenSet = Pick<OffsetSet, 'size' | 'has' | 'add'> & {
  /** How many have come since the base; all when there is none. */
  readonly sinceBase: number;
  /** All of it, packed. */
  packAll(): Buffer;
  /** What has come since the base, packed. */
  packSinceBase(): Buffer;
  /** A checkpoint with all of it is taken now: it may become the base. */
  mark(): void;
  /** The checkpoint of the last mark is the base from now on. */
  rebase(): void;
};

const NOTHING = Buffer.alloc(0);

/** A set of what stands in the base and of what came since, both packed. */
export function createRedrivenSet(base: Buffer = NOTHING, since: Buffer = NOTHING): RedrivenSet {
  const all = createOffsetSet(base);
  let later = createOffsetSet(since);
  let sinceMark = createOffsetSet();
  for (const origin of unpackOffsets(since)) all.add(origin);

  return {
    get size() {
      return all.size;
    },
    get sinceBase() {
      return later.size;
    },
    has: all.has,
    add(origin) {
      if (!all.add(origin)) return false;
      later.add(origin);
      sinceMark.add(origin);
      return true;
    },
    packAll: all.pack,
    packSinceBase: () => later.pack(),
    mark() {
      sinceMark = createOffsetSet();
    },
    rebase() {
      later = sinceMark;
      sinceMark = createOffsetSet();
    },
  };
}

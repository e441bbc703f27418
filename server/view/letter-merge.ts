// The letters of all partitions as one list, newest first. Arrival decides: in a partition that is the
// offset, and times only decide how the partitions are merged, as for the newest letters on the page.
import type { Chunk, LetterColumns } from './letter-columns.ts';

/** Of each partition the letters below this offset; of one that is absent all. */
export type Positions = ReadonlyMap<number, number>;

export type MergedRow = {
  readonly partition: number;
  readonly chunk: Chunk;
  readonly at: number;
};

type Walk = Generator<MergedRow | undefined, void>;

/** Yields the letters that pass the test; undefined now and then for a pause. */
export function* mergeNewest(
  partitions: ReadonlyMap<number, LetterColumns>,
  before: Positions,
  test: (chunk: Chunk, at: number) => boolean,
): Generator<MergedRow | undefined, void> {
  const heads: { row: MergedRow; walk: Walk }[] = [];
  for (const [partition, columns] of [...partitions].sort(([a], [b]) => b - a)) {
    const end = before.get(partition) ?? Number.POSITIVE_INFINITY;
    const walk = newestFirst(partition, [...columns.chunks], end, test);
    const row = yield* nextOf(walk);
    if (row !== null) heads.push({ row, walk });
  }
  while (heads.length > 0) {
    let newest = 0;
    for (let i = 1; i < heads.length; i += 1) {
      if (timeOf(heads[i]!.row) > timeOf(heads[newest]!.row)) newest = i;
    }
    const { row, walk } = heads[newest]!;
    yield row;
    const next = yield* nextOf(walk);
    if (next === null) heads.splice(newest, 1);
    else heads[newest] = { row: next, walk };
  }
}

function timeOf({ chunk, at }: MergedRow): number {
  return chunk.times[at]!;
}

function* nextOf(walk: Walk): Generator<undefined, MergedRow | null> {
  for (;;) {
    const { value, done } = walk.next();
    if (done) return null;
    if (value !== undefined) return value;
    yield;
  }
}

function* newestFirst(
  partition: number,
  chunks: readonly Chunk[],
  end: number,
  test: (chunk: Chunk, at: number) => boolean,
): Walk {
  for (let i = chunks.length - 1; i >= 0; i -= 1) {
    const chunk = chunks[i]!;
    if (chunk.base >= end) continue;
    for (let at = chunk.size - 1; at >= chunk.first; at -= 1) {
      if (chunk.base + chunk.deltas[at]! < end && test(chunk, at)) yield { partition, chunk, at };
    }
    yield undefined;
  }
}

// The dead letters of one partition in columns: 27 bytes for each, in the order of their offsets, and
// four to eight in a table that finds a second letter for the same order.

import { PAUSE_EVERY, type Steps } from '../log/slices.ts';
import { createOrderTable } from './order-table.ts';

/** Letters of one chunk. */
const CHUNK_BITS = 13;
export const CHUNK = 2 ** CHUNK_BITS;
const MAX_DELTA = 2 ** 32 - 1;
/** What `lives` can hold. */
export const MAX_LIVES = 15;
/** Bits of `flags` above the lives of a letter. */
export const FLAG = { redriven: 0x10, copy: 0x20, timeless: 0x40 } as const;

/** What is known of a letter when it comes, before anything becomes of it. */
export type NewRow = {
  readonly offset: number;
  /** Ms since 1970. */
  readonly time: number;
  /** The record has no time of our age: this one is that of the letter before it. */
  readonly timeless: boolean;
  /** Number of its group. */
  readonly group: number;
  /** How often its order had been redriven before it failed. */
  readonly lives: number;
  /** Offset of its order; -1 when that is none of ours. */
  readonly origin: number;
};

export type Chunk = {
  /** Its place among all chunks of the partition there ever were. */
  readonly serial: number;
  /** The first offset, to which `deltas` are added. */
  readonly base: number;
  /** Letters before this one have been forgotten. */
  first: number;
  size: number;
  readonly deltas: Uint32Array;
  readonly times: Float64Array;
  readonly groups: Uint16Array;
  /** Lives in the lowest four bits, then FLAG. */
  readonly flags: Uint8Array;
  readonly origins: Float64Array;
  /** How far behind stands the letter that it became when it failed again; 0: there is none. */
  readonly later: Uint32Array;
};

/** Where a letter is: its chunk, and its index there. */
export type LetterRow = { readonly chunk: Chunk; readonly at: number };

export type LetterColumns = {
  /** Letters that are held. */
  readonly size: number;
  /** In order. */
  readonly chunks: readonly Chunk[];
  /** Takes in the next letter, whose offset is above all others. One for an order that has a letter already is marked as its copy. */
  add(row: NewRow): LetterRow;
  find(offset: number): LetterRow | null;
  /** The letter of an order, the first when there are copies. */
  ofOrder(origin: number): LetterRow | null;
  /** Forgets the oldest letters, those of one chunk; `forgotten` hears of each before. */
  forgetOldest(forgotten: (row: LetterRow) => void): void;
  forgetBelow(offset: number, forgotten: (row: LetterRow) => void): Steps<void>;
};

/** No letters. */
export function createLetterColumns(): LetterColumns {
  const chunks: Chunk[] = [];
  const orders = createOrderTable(originOf);
  let size = 0;

  /** The offset of the order whose letter is in that row. */
  function originOf(row: number): number {
    const chunk = chunks[Math.floor(row / CHUNK) - chunks[0]!.serial]!;
    return chunk.origins[row % CHUNK]!;
  }

  function chunkFor(offset: number): Chunk {
    const last = chunks.at(-1);
    if (last !== undefined && last.size < CHUNK && offset - last.base <= MAX_DELTA) return last;
    const chunk = emptyChunk(last === undefined ? 0 : last.serial + 1, offset);
    chunks.push(chunk);
    return chunk;
  }

  function forget(chunk: Chunk, forgotten: (row: LetterRow) => void): void {
    const at = chunk.first;
    forgotten({ chunk, at });
    if (isListed(chunk, at)) orders.delete(chunk.origins[at]!);
    chunk.first += 1;
    size -= 1;
  }

  function dropEmpty(): void {
    while (chunks.length > 1 && chunks[0]!.first === chunks[0]!.size) chunks.shift();
  }

  return {
    get size() {
      return size;
    },
    chunks,
    add({ offset, time, timeless, group, lives, origin }) {
      const chunk = chunkFor(offset);
      const at = chunk.size;
      chunk.deltas[at] = offset - chunk.base;
      chunk.times[at] = time;
      chunk.groups[at] = group;
      chunk.origins[at] = origin;
      chunk.flags[at] = Math.min(lives, MAX_LIVES) | (timeless ? FLAG.timeless : 0);
      chunk.size += 1;
      size += 1;
      const isFirst = origin < 0 || orders.add(origin, chunk.serial * CHUNK + at);
      if (!isFirst) chunk.flags[at]! |= FLAG.copy;
      return { chunk, at };
    },
    find(offset) {
      const chunk = chunks[indexBelow(chunks.length, (i) => chunks[i]!.base <= offset)];
      if (chunk === undefined) return null;
      const { deltas, base, first } = chunk;
      const at = indexBelow(chunk.size, (i) => deltas[i]! <= offset - base);
      return at >= first && base + deltas[at]! === offset ? { chunk, at } : null;
    },
    ofOrder(origin) {
      const row = orders.get(origin);
      if (row === null) return null;
      return { chunk: chunks[Math.floor(row / CHUNK) - chunks[0]!.serial]!, at: row % CHUNK };
    },
    forgetOldest(forgotten) {
      const chunk = chunks[0];
      while (chunk !== undefined && chunk.first < chunk.size) forget(chunk, forgotten);
      dropEmpty();
    },
    *forgetBelow(offset, forgotten) {
      for (let count = 1; ; count += 1) {
        if (count % PAUSE_EVERY === 0) yield;
        const chunk = chunks[0];
        if (chunk === undefined || chunk.first === chunk.size) return;
        if (chunk.base + chunk.deltas[chunk.first]! >= offset) return;
        forget(chunk, forgotten);
        dropEmpty();
      }
    },
  };
}

function isListed({ origins, flags }: Chunk, at: number): boolean {
  return origins[at]! >= 0 && (flags[at]! & FLAG.copy) === 0;
}

function emptyChunk(serial: number, base: number): Chunk {
  return {
    serial,
    base,
    first: 0,
    size: 0,
    deltas: new Uint32Array(CHUNK),
    times: new Float64Array(CHUNK),
    groups: new Uint16Array(CHUNK),
    flags: new Uint8Array(CHUNK),
    origins: new Float64Array(CHUNK),
    later: new Uint32Array(CHUNK),
  };
}

/** The last index for which `holds` is true, -1 for none; it is true up to some index and false from there on. */
function indexBelow(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

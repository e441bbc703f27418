// Which row has the letter of an order, for a million of them: no keys, four to eight bytes for each.

export type OrderTable = {
  /** False when the order has a row already. */
  add(origin: number, row: number): boolean;
  get(origin: number): number | null;
  delete(origin: number): void;
};

const FREE = 0xffffffff;
/** A table that is full is written anew, and in parts, so that nothing else waits for more than a few ms. */
const PART_BITS = 5;
const PARTS = 2 ** PART_BITS;

/** No orders. `originOf` gives the order of a row, so that the table needs no keys. */
export function createOrderTable(originOf: (row: number) => number): OrderTable {
  const parts = new Array<OrderTable | undefined>(PARTS).fill(undefined);

  function partOf(origin: number): OrderTable {
    const number = hash(origin) >>> (32 - PART_BITS);
    // Offsets spread so evenly that all parts would be full at the same time: each has a share of its own.
    parts[number] ??= createPart(originOf, (1 - number / PARTS / 2) / 2);
    return parts[number];
  }

  return {
    add: (origin, row) => partOf(origin).add(origin, row),
    get: (origin) => partOf(origin).get(origin),
    delete: (origin) => partOf(origin).delete(origin),
  };
}

/** One part: open addressing with steps of one, of which at most the share `mostFull` is in use. */
function createPart(originOf: (row: number) => number, mostFull: number): OrderTable {
  let rows = new Uint32Array(64).fill(FREE);
  let size = 0;

  const slotOf = (origin: number) => (hash(origin) >>> 0) & (rows.length - 1);
  const after = (slot: number) => (slot + 1) & (rows.length - 1);

  /** Its slot, or the free one where it would be. */
  function find(origin: number): number {
    let slot = slotOf(origin);
    while (rows[slot] !== FREE && originOf(rows[slot]!) !== origin) slot = after(slot);
    return slot;
  }

  function grow(): void {
    const old = rows;
    rows = new Uint32Array(old.length * 2).fill(FREE);
    for (const row of old) if (row !== FREE) rows[find(originOf(row))] = row;
  }

  return {
    add(origin, row) {
      if (size >= rows.length * mostFull) grow();
      const slot = find(origin);
      if (rows[slot] !== FREE) return false;
      rows[slot] = row;
      size += 1;
      return true;
    },
    get(origin) {
      const row = rows[find(origin)]!;
      return row === FREE ? null : row;
    },
    /** Moves what comes behind into the gap, unless it stands before its own place then. */
    delete(origin) {
      let gap = find(origin);
      if (rows[gap] === FREE) return;
      size -= 1;
      for (let slot = after(gap); rows[slot] !== FREE; slot = after(slot)) {
        const wanted = slotOf(originOf(rows[slot]!));
        const mayMove =
          gap <= slot ? wanted <= gap || wanted > slot : wanted <= gap && wanted > slot;
        if (!mayMove) continue;
        rows[gap] = rows[slot]!;
        gap = slot;
      }
      rows[gap] = FREE;
    },
  };
}

/** The highest bits say the part, the lowest the slot in it. */
function hash(offset: number): number {
  const mixed = Math.imul(offset ^ Math.floor(offset / 2 ** 32), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

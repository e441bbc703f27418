// Walks Avro binary by its schema, before a decoder reads it that believes what arrays claim: avsc makes
// room for as many items as a block says, and reads on beyond the end of the bytes until it has them all.

/** The part of Avro's schemas that checkpoints are written in. */
export type Layout =
  | string
  | { readonly type: 'array'; readonly items: Layout }
  | { readonly type: 'record'; readonly fields: readonly { readonly type: Layout }[] };

const MAX_LONG_BYTES = 10;

/**
 * The position after the value at `start`. The time it takes is bounded by the bytes that are there.
 * Throws RangeError when the value claims more.
 */
export function layoutEnd(layout: Layout, bytes: Buffer, start: number): number {
  let at = start;

  function long(): number {
    let value = 0;
    let unit = 1;
    for (const limit = Math.min(bytes.length, at + MAX_LONG_BYTES); at < limit; unit *= 0x80) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    throw new RangeError('a number that does not end');
  }

  /** Everything here takes at least one byte, so that more items than bytes are a lie. */
  function claimed(count: number): number {
    if (count > bytes.length - at) {
      throw new RangeError(`${count} are claimed where ${bytes.length - at} bytes are left`);
    }
    return count;
  }

  function array(items: Layout): void {
    for (let count = long(); count !== 0; count = long()) {
      if (count < 0) long();
      for (let left = claimed(Math.abs(count)); left > 0; left -= 1) value(items);
    }
  }

  function value(of: Layout): void {
    if (of === 'int' || of === 'long') long();
    else if (of === 'string') {
      const length = long();
      if (length < 0) throw new RangeError(`a text of length ${length}`);
      at += claimed(length);
    } else if (typeof of === 'string') throw new TypeError(`no layout for the Avro type ${of}`);
    else if (of.type === 'array') array(of.items);
    else for (const field of of.fields) value(field.type);
  }

  value(layout);
  return at;
}

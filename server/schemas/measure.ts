// How long a value is, by the schema it was written with. avsc believes a count as far as it goes: ten
// bytes that claim 2^40 items would hold this process for hours. So a stranger's value is measured first.
import avro from 'avsc';

/** The bytes are no value of the schema. */
export class MalformedError extends Error {}

/** The position behind the value at `start`. Throws MalformedError when it does not end by the end of `bytes`. */
export type Measure = (bytes: Buffer, start: number) => number;

/** Of all arrays and maps of one value together. An item may take no bytes, so their number says little. */
const MAX_ITEMS = 65_536;
const MAX_DEPTH = 64;

/** The measure of values of `type`. */
export function createMeasure(type: avro.Type): Measure {
  const known = new Map<avro.Type, Skip>();
  const skip = skipOf(type, 'the value', known);
  return (bytes, start) => {
    const budget = { items: MAX_ITEMS };
    return skip({ bytes, budget }, start, 0);
  };
}

type Measured = { readonly bytes: Buffer; readonly budget: { items: number } };
type Skip = (of: Measured, at: number, depth: number) => number;

function skipOf(type: avro.Type, path: string, known: Map<avro.Type, Skip>): Skip {
  const before = known.get(type);
  if (before !== undefined) return before;
  // A type may hold itself: whoever meets it again finds this, which by then knows the way.
  let skip: Skip = () => {
    throw new TypeError('a schema is measured before it is known');
  };
  known.set(type, (of, at, depth) => {
    if (depth > MAX_DEPTH) throw new MalformedError(`${path} is nested too deeply`);
    return skip(of, at, depth + 1);
  });
  skip = wayThrough(type, path, (inner, name) => skipOf(inner, name, known));
  return known.get(type)!;
}

function wayThrough(
  type: avro.Type,
  path: string,
  inside: (type: avro.Type, path: string) => Skip,
): Skip {
  const { types } = avro;
  const take = (of: Measured, at: number, length: number) => expectWhole(of, at, length, path);
  if (type instanceof types.LogicalType) return inside(type.underlyingType, path);
  if (type instanceof types.NullType) return (_of, at) => at;
  if (type instanceof types.BooleanType) return (of, at) => take(of, at, 1);
  if (type instanceof types.FloatType) return (of, at) => take(of, at, 4);
  if (type instanceof types.DoubleType) return (of, at) => take(of, at, 8);
  if (type instanceof types.IntType || type instanceof types.LongType) {
    return (of, at) => readLong(of, at, path).end;
  }
  if (type instanceof types.FixedType) {
    const { size } = type;
    return (of, at) => take(of, at, size);
  }
  if (type instanceof types.BytesType || type instanceof types.StringType) {
    return (of, at) => {
      const { value, end } = readLong(of, at, path);
      if (value < 0) throw new MalformedError(`${path} has a length of ${value}`);
      return take(of, end, value);
    };
  }
  if (type instanceof types.EnumType) {
    const { length } = type.symbols;
    return (of, at) => readIndex(of, at, length, path).end;
  }
  if (type instanceof types.ArrayType) return inBlocks(inside(type.itemsType, path), path);
  if (type instanceof types.MapType) {
    const key = inside(stringType, path);
    const value = inside(type.valuesType, path);
    return inBlocks((of, at, depth) => value(of, key(of, at, depth), depth), path);
  }
  if (type instanceof types.RecordType) {
    const fields = type.fields.map(({ name, type }) => inside(type, name));
    return (of, at, depth) => fields.reduce((next, field) => field(of, next, depth), at);
  }
  if (type instanceof types.WrappedUnionType || type instanceof types.UnwrappedUnionType) {
    const branches = type.types.map((branch) => inside(branch, path));
    return (of, at, depth) => {
      const { value, end } = readIndex(of, at, branches.length, path);
      return branches[value]!(of, end, depth);
    };
  }
  throw new Error(`a type of a kind that is not known: ${type.typeName}`);
}

const stringType = avro.Type.forSchema('string');

/** Arrays and maps: counted blocks, each of which may say its length after a count below zero. */
function inBlocks(item: Skip, path: string): Skip {
  return (of, start, depth) => {
    for (let at = start; ; ) {
      const { value: count, end } = readLong(of, at, path);
      if (count === 0) return end;
      const size = count < 0 ? readLong(of, end, path) : null;
      const from = size === null ? end : size.end;
      of.budget.items -= Math.abs(count);
      if (of.budget.items < 0) throw new MalformedError(`${path} has more than ${MAX_ITEMS} items`);
      at = from;
      for (let left = Math.abs(count); left > 0; left -= 1) at = item(of, at, depth);
      // avsc leaps over such a block by the length that it claims.
      if (size !== null && size.value !== at - from) {
        throw new MalformedError(`${path} has ${at - from} bytes of items, not ${size.value}`);
      }
    }
  };
}

function expectWhole({ bytes }: Measured, at: number, length: number, path: string): number {
  if (length > bytes.length - at) throw new MalformedError(`${path} ends behind the value`);
  return at + length;
}

function readIndex(of: Measured, at: number, length: number, path: string) {
  const read = readLong(of, at, path);
  if (read.value >= 0 && read.value < length) return read;
  throw new MalformedError(`${path} has branch or symbol ${read.value} of ${length}`);
}

/** Of any long in Avro, in bytes. */
const MAX_LONG_BYTES = 10;

/** A long, beyond 2^53 only about; and where it ends. */
function readLong({ bytes }: Measured, start: number, path: string) {
  let zigzag = 0;
  let unit = 1;
  for (let at = start; at < start + MAX_LONG_BYTES; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) throw new MalformedError(`${path} ends behind the value`);
    zigzag += (byte & 0x7f) * unit;
    unit *= 0x80;
    if (byte < 0x80) {
      const value = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
      return { value, end: at + 1 };
    }
  }
  throw new MalformedError(`${path} has a number that does not end`);
}

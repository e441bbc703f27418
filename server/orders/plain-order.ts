// The quick way through nearly every order: texts of printable ASCII with one-byte lengths, a price in
// range. Such bytes are canonical and valid by construction; whatever is not plain takes the long way.
// The fields are read in the order of avro/versions/1.avsc, the last one up to the end.
import { MAX_PRICE, type Order } from './order.ts';
import {
  firstBytes,
  isPlainShort,
  isPlainText,
  type ProductName,
  productName,
  SHORT,
  wordAt,
} from './product-names.ts';

/** Lengths below 64 take one byte, twice their value. */
const MAX_LENGTH_BYTE = 126;
const PRICE_BYTES = 4;

const floatBits = Int32Array.of(0);
const float = new Float32Array(floatBits.buffer);

/** The order in `bytes[start, end)`, or null when it is not plain. */
export function decodePlainOrder(bytes: Buffer, start: number, end: number): Order | null {
  const from = start + 1;
  const lengthByte = start >= 0 && start < end ? bytes[start]! : 0;
  if (lengthByte === 0 || lengthByte > MAX_LENGTH_BYTE || (lengthByte & 1) === 1) return null;
  const idEnd = from + (lengthByte >> 1);
  const nameStart = idEnd + 1;
  const nameEnd = end - PRICE_BYTES;
  if (nameStart > nameEnd || bytes[idEnd] !== 2 * (nameEnd - nameStart)) return null;
  // Two words are read: the last few bytes of a buffer take the long way.
  if (nameEnd - nameStart >= 64 || from + SHORT > bytes.length) return null;
  const length = idEnd - from;
  const first = firstBytes(wordAt(bytes, from), length);
  const second = length > 4 ? firstBytes(wordAt(bytes, from + 4), length - 4) : 0;
  if (length > SHORT ? !isPlainText(bytes, from, idEnd) : !isPlainShort(first, second, length))
    return null;
  const name = productName(bytes, nameStart, nameEnd);
  if (name === null) return null;
  floatBits[0] = wordAt(bytes, nameEnd);
  const price = float[0]!;
  if (!(price >= 0 && price <= MAX_PRICE)) return null;
  const id = length > SHORT ? bytes.toString('latin1', from, idEnd) : first;
  return new PlainOrder(id, second, name, floatBits[0]);
}

/** The name of an order's product, when the order came the quick way. */
export function nameOf(order: Order): ProductName | null {
  return PlainOrder.nameOf(order);
}

/**
 * An order whose fields are made when somebody asks for them: few ask for the id, and to make a text of
 * it costs as much as all the rest. A short id stands in two numbers, a price in the bits of its float, so
 * that an order that is kept keeps nothing else of what it came in, and one that is not is little garbage.
 */
class PlainOrder implements Order {
  /** The text of a long id, the first four bytes of a short one. */
  readonly #id: string | number;
  /** The other four. */
  readonly #rest: number;
  readonly #name: ProductName;
  readonly #priceBits: number;

  constructor(id: string | number, rest: number, name: ProductName, priceBits: number) {
    this.#id = id;
    this.#rest = rest;
    this.#name = name;
    this.#priceBits = priceBits;
  }

  static nameOf(order: Order): ProductName | null {
    return #name in order ? order.#name : null;
  }

  get orderId(): string {
    const id = this.#id;
    return typeof id === 'string' ? id : shortText(id, this.#rest);
  }

  get product(): string {
    return this.#name.text;
  }

  get price(): number {
    floatBits[0] = this.#priceBits;
    return float[0]!;
  }

  toJSON(): Order {
    const { orderId, product, price } = this;
    return { orderId, product, price };
  }

  /** For console.log. */
  [Symbol.for('nodejs.util.inspect.custom')](): Order {
    return this.toJSON();
  }
}

/** What `firstBytes` has left of two words: no plain text has a byte of 0, which says where it ends. */
function shortText(first: number, second: number): string {
  const eight = String.fromCharCode(
    first & 255,
    (first >>> 8) & 255,
    (first >>> 16) & 255,
    first >>> 24,
    second & 255,
    (second >>> 8) & 255,
    (second >>> 16) & 255,
    second >>> 24,
  );
  const end = eight.indexOf('\0');
  return end < 0 ? eight : eight.slice(0, end);
}

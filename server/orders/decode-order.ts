// From bytes to an order: strict Avro decoding and validation, with a reason for every refusal.
import { Fault, MAX_VALUE_BYTES } from '../log/fault.ts';
import {
  encodeOrder,
  MAX_ORDER_ID_BYTES,
  MAX_PRICE,
  MAX_PRODUCT_BYTES,
  type Order,
  orderType,
} from './order.ts';
import { decodePlainOrder } from './plain-order.ts';
import { REASONS } from './reasons.ts';

/**
 * Decodes and validates the order in `bytes[start, end)`; `start` -1 is a null value. Either the
 * order or the fault: pure, so every reader of a record comes to the same answer.
 */
export function decodeOrder(bytes: Buffer, start: number, end: number): Order | Fault {
  return decodePlainOrder(bytes, start, end) ?? decodeAnyOrder(bytes, start, end);
}

/** The same by the book: avsc decodes, every rule is checked by itself. */
export function decodeAnyOrder(bytes: Buffer, start: number, end: number): Order | Fault {
  const length = end - start;
  if (start < 0) return new Fault(REASONS.TOMBSTONE, 'the value is null');
  if (length === 0) return new Fault(REASONS.EMPTY, 'the value has no bytes');
  if (length > MAX_VALUE_BYTES) {
    return new Fault(REASONS.TOO_BIG, `${length} bytes, at most ${MAX_VALUE_BYTES} are read`);
  }
  // avsc believes a length as far as its buffer goes: it must not see what stands around the value.
  const own = bytes.subarray(start, end);
  const decoded = orderType.decode(own, 0) as { value: Order; offset: number };
  if (decoded.offset < 0) {
    return new Fault(
      REASONS.MALFORMED,
      `the value ends inside the record, after ${counted(length)}`,
    );
  }
  if (decoded.offset < length) {
    const left = counted(length - decoded.offset);
    return new Fault(
      REASONS.TRAILING,
      `${left} behind the record, which ends at byte ${decoded.offset}`,
    );
  }
  const order = decoded.value;
  if (!isCanonical(order, own)) {
    return new Fault(REASONS.NON_CANONICAL, 'an over-long length or text that is not UTF-8');
  }
  return validate(order) ?? order;
}

/**
 * Encoding the result again must give the same bytes; but there are 2^24 ways to write a price that is
 * no number, so of such a one nothing is compared.
 */
function isCanonical(order: Order, bytes: Buffer): boolean {
  if (!Number.isNaN(order.price)) return encodeOrder(order).equals(bytes);
  // These two differ in every byte of the price and in no other.
  const zero = encodeOrder({ ...order, price: 0 });
  const other = encodeOrder({ ...order, price: NO_ZERO_BYTE });
  return (
    zero.length === bytes.length &&
    zero.every((byte, at) => byte === bytes[at] || byte !== other[at])
  );
}

/** The float of the bytes 01 01 01 01. */
const NO_ZERO_BYTE = Buffer.alloc(4, 1).readFloatLE();

const CONTROL = /\p{Cc}/u;

/** What is wrong with the fields of an order; undefined when nothing is. */
export function validate(order: Order): Fault | undefined {
  return (
    textFault('orderId', order.orderId, MAX_ORDER_ID_BYTES) ??
    textFault('product', order.product, MAX_PRODUCT_BYTES) ??
    (order.price >= 0 && order.price <= MAX_PRICE ? undefined : priceFault(order.price))
  );
}

function textFault(field: string, text: string, maxBytes: number): Fault | undefined {
  if (text.length === 0 || text.trim().length === 0) {
    return new Fault(REASONS.FIELD_EMPTY, `${field} is empty or blank`);
  }
  if (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes) {
    return new Fault(
      REASONS.FIELD_TOO_LONG,
      `${field} has ${Buffer.byteLength(text)} bytes, at most ${maxBytes} are taken`,
    );
  }
  const at = text.search(CONTROL);
  if (at >= 0) {
    const code = text.charCodeAt(at).toString(16).padStart(4, '0');
    return new Fault(REASONS.FIELD_CTRL, `${field} has control character U+${code} at ${at}`);
  }
  return undefined;
}

/** What is wrong with a price outside [0, MAX_PRICE]. */
function priceFault(price: number): Fault {
  if (!Number.isFinite(price)) return new Fault(REASONS.PRICE_NOT_FINITE, `price is ${price}`);
  if (price < 0) return new Fault(REASONS.PRICE_NEGATIVE, `price is ${price}`);
  return new Fault(REASONS.PRICE_TOO_BIG, `price is ${price}, at most ${MAX_PRICE}`);
}

/** The number of bytes in words. */
const counted = (bytes: number) => (bytes === 1 ? '1 byte' : `${bytes} bytes`);

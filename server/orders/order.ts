// The Order contract: strict Avro decoding and validation, with a reason for every refusal.
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { decodePlainOrder } from './plain-order.ts';

export type Order = { orderId: string; product: string; price: number };

export type OrderStage = 'decode' | 'validate';

/** Why bytes are not an order. The text starts with the code and says what was found and where. */
export type OrderFault = { stage: OrderStage; code: FaultCode; reason: string };

export type FaultCode =
  | 'EMPTY'
  | 'TOMBSTONE'
  | 'TOO_BIG'
  | 'MALFORMED'
  | 'TRAILING'
  | 'NON_CANONICAL'
  | 'FIELD_EMPTY'
  | 'FIELD_TOO_LONG'
  | 'FIELD_CTRL'
  | 'PRICE_NOT_FINITE'
  | 'PRICE_NEGATIVE'
  | 'PRICE_TOO_BIG'
  | 'PRODUCT_LIMIT';

export const MAX_VALUE_BYTES = 64 * 1024;
export const MAX_ORDER_ID_BYTES = 128;
export const MAX_PRODUCT_BYTES = 256;
export const MAX_PRICE = 1e9;

const type = avro.Type.forSchema(
  JSON.parse(readFileSync(new URL(import.meta.resolve('#avro/order.avsc')), 'utf8')),
);

/** Avro binary of an order, without framing. */
export function encodeOrder(order: Order): Buffer {
  return type.toBuffer(order);
}

/**
 * Decodes and validates the order in `bytes[start, end)`; `start` -1 is a null value. Either the
 * order or the fault: pure, so every reader of a record comes to the same answer.
 */
export function decodeOrder(bytes: Buffer, start: number, end: number): Order | OrderFault {
  return decodePlainOrder(bytes, start, end, MAX_PRICE) ?? decodeAnyOrder(bytes, start, end);
}

/** The same by the book: avsc decodes, every rule is checked by itself. */
export function decodeAnyOrder(bytes: Buffer, start: number, end: number): Order | OrderFault {
  const length = end - start;
  if (start < 0) return decodeFault('TOMBSTONE', 'the value is null');
  if (length === 0) return decodeFault('EMPTY', 'the value has no bytes');
  if (length > MAX_VALUE_BYTES) {
    return decodeFault('TOO_BIG', `${length} bytes, at most ${MAX_VALUE_BYTES} are read`);
  }
  // avsc believes a length as far as its buffer goes: it must not see what stands around the value.
  const own = bytes.subarray(start, end);
  const decoded = type.decode(own, 0) as { value: Order; offset: number };
  if (decoded.offset < 0) {
    return decodeFault('MALFORMED', `the value ends inside the record, after ${counted(length)}`);
  }
  if (decoded.offset < length) {
    const left = counted(length - decoded.offset);
    return decodeFault(
      'TRAILING',
      `${left} behind the record, which ends at byte ${decoded.offset}`,
    );
  }
  const order = decoded.value;
  if (!isCanonical(order, own)) {
    return decodeFault('NON_CANONICAL', 'an over-long length or text that is not UTF-8');
  }
  return validate(order) ?? order;
}

/** Whether the result of `decodeOrder` is a fault. */
export function isFault(result: Order | OrderFault): result is OrderFault {
  return (result as OrderFault).code !== undefined;
}

/** The fault of an order whose product would be one too many for its task. */
export function productLimitFault(limit: string): OrderFault {
  return validateFault('PRODUCT_LIMIT', limit);
}

const PRICE_BYTES = 4;

/**
 * Encoding the result again must give the same bytes; of a price that is no number only the place
 * counts, for there are 2^24 ways to write one.
 */
function isCanonical(order: Order, bytes: Buffer): boolean {
  const same = Number.isNaN(order.price) ? bytes.length - PRICE_BYTES : bytes.length;
  const again = type.toBuffer(order);
  return again.length === bytes.length && again.compare(bytes, 0, same, 0, same) === 0;
}

const CONTROL = /\p{Cc}/u;

function validate(order: Order): OrderFault | undefined {
  return (
    textFault('orderId', order.orderId, MAX_ORDER_ID_BYTES) ??
    textFault('product', order.product, MAX_PRODUCT_BYTES) ??
    (order.price >= 0 && order.price <= MAX_PRICE ? undefined : priceFault(order.price))
  );
}

function textFault(field: string, text: string, maxBytes: number): OrderFault | undefined {
  if (text.length === 0 || text.trim().length === 0) {
    return validateFault('FIELD_EMPTY', `${field} is empty or blank`);
  }
  if (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes) {
    return validateFault(
      'FIELD_TOO_LONG',
      `${field} has ${Buffer.byteLength(text)} bytes, at most ${maxBytes} are taken`,
    );
  }
  const at = text.search(CONTROL);
  if (at >= 0) {
    const code = text.charCodeAt(at).toString(16).padStart(4, '0');
    return validateFault('FIELD_CTRL', `${field} has control character U+${code} at ${at}`);
  }
  return undefined;
}

/** What is wrong with a price outside [0, MAX_PRICE]. */
function priceFault(price: number): OrderFault {
  if (!Number.isFinite(price)) return validateFault('PRICE_NOT_FINITE', `price is ${price}`);
  if (price < 0) return validateFault('PRICE_NEGATIVE', `price is ${price}`);
  return validateFault('PRICE_TOO_BIG', `price is ${price}, at most ${MAX_PRICE}`);
}

/**
 * The fault of a record that is not as it was written (see `Flaws` of record-batch/record.ts): `cut`
 * when its value was too large to be kept, `fault` when it breaks inside. Null when it is neither.
 */
export function flawOf(
  cut: { readonly valueBytes: number } | null | undefined,
  fault: string | null | undefined,
): OrderFault | null {
  if (cut) {
    const found = `the value has ${cut.valueBytes} bytes, at most ${MAX_VALUE_BYTES} are read`;
    return decodeFault('TOO_BIG', fault ? `${found}; ${fault}` : found);
  }
  return fault ? decodeFault('MALFORMED', `the record itself: ${fault}`) : null;
}

const counted = (bytes: number) => (bytes === 1 ? '1 byte' : `${bytes} bytes`);

function decodeFault(code: FaultCode, found: string): OrderFault {
  return { stage: 'decode', code, reason: `${code}: ${found}` };
}

function validateFault(code: FaultCode, found: string): OrderFault {
  return { stage: 'validate', code, reason: `${code}: ${found}` };
}

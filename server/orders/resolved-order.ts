// An order from what Avro has resolved: what one schema allows and another does not is looked at here.
import { Fault } from '../log/fault.ts';
import { type Decimal, decimalText, unitsOf } from '../schemas/decimal.ts';
import type { WriterSchema } from '../schemas/reader-schema.ts';
import { validate } from './decode-order.ts';
import { UNITS_PER_PRICE } from './money.ts';
import { MAX_PRICE, type Order } from './order.ts';
import { REASONS } from './reasons.ts';

/** Of a price in ten-thousandths. */
const PLACES = 4;

/**
 * The order in `bytes`. `tellsScale`: the writer's schema is known to the letter. A fingerprint does not
 * cover the scale of a decimal, and a scale that is guessed is wrong by a factor of ten.
 */
export function readResolved(
  writer: WriterSchema,
  bytes: Buffer,
  tellsScale: boolean,
): Order | Fault {
  const decoded = writer.decode(bytes);
  if ('fault' in decoded) {
    const reason = decoded.fault === 'trailing' ? REASONS.TRAILING : REASONS.MALFORMED;
    return new Fault(reason, decoded.found);
  }
  const { orderId: id, product: name, price: amount } = decoded.value;
  const orderId = readText('orderId', id, bytes);
  if (orderId instanceof Fault) return orderId;
  const product = readText('product', name, bytes);
  if (product instanceof Fault) return product;
  const price = readPrice(amount as number | Decimal | null, tellsScale);
  if (price instanceof Fault) return price;
  const order = { orderId, product, price };
  return validate(order) ?? order;
}

/** Text that was no UTF-8 has become another, which does not stand in the bytes. */
function readText(field: string, value: unknown, bytes: Buffer): string | Fault {
  if (value === null) return new Fault(REASONS.FIELD_EMPTY, `${field} is null`);
  const text = value as string;
  return text.includes('\ufffd') && !bytes.includes(text)
    ? new Fault(REASONS.NON_CANONICAL, `${field} is not UTF-8`)
    : text;
}

function readPrice(amount: number | Decimal | null, tellsScale: boolean): number | Fault {
  if (amount === null) return new Fault(REASONS.PRICE_NOT_FINITE, 'price is null');
  if (typeof amount === 'number') return amount;
  if (!tellsScale) {
    const found = 'a fingerprint does not tell the scale of a decimal, only the registry does';
    return new Fault(REASONS.SCHEMA_INCOMPATIBLE, found);
  }
  const { unscaled, scale } = amount;
  if (unscaled.length === 0) return new Fault(REASONS.PRICE_NOT_FINITE, 'price has no bytes');
  if (unscaled[0]! >= 0x80) {
    return new Fault(REASONS.PRICE_NEGATIVE, `price is ${decimalText(amount)}`);
  }
  const exact = unitsOf(amount, scale);
  if (exact === null || exact > BigInt(MAX_PRICE) * 10n ** BigInt(scale)) {
    const found = `price is ${decimalText(amount)}, at most ${MAX_PRICE}`;
    return new Fault(REASONS.PRICE_TOO_BIG, found);
  }
  return Number(unitsOf(amount, PLACES)) / UNITS_PER_PRICE;
}

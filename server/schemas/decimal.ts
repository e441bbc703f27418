// Avro's logical type decimal: a whole number and a scale, never a float.
import avro from 'avsc';

/** `unscaled` / 10^`scale`. The bytes are two's complement, the most significant first. */
export type Decimal = { readonly unscaled: Buffer; readonly scale: number };

/** Nobody's money needs more; 10 to the power of what a stranger asks for would take for ever. */
const MAX_SCALE = 64;

/**
 * For `logicalTypes` of avsc. A reader's decimal takes any decimal of a writer: each value carries the
 * scale that it was written with, so nothing has to be rounded to fit.
 */
export class DecimalType extends avro.types.LogicalType {
  readonly scale: number;
  constructor(schema: avro.Schema, options?: avro.ForSchemaOptions) {
    super(schema, options);
    const { scale = 0 } = schema as { scale?: unknown };
    if (!(Number.isInteger(scale) && Number(scale) >= 0 && Number(scale) <= MAX_SCALE)) {
      throw new Error(`a decimal of scale ${scale}, at most ${MAX_SCALE} is read`);
    }
    this.scale = Number(scale);
  }
  protected override _fromValue(unscaled: Buffer): Decimal {
    return { unscaled, scale: this.scale };
  }
  protected override _toValue({ unscaled }: Decimal): Buffer {
    return unscaled;
  }
  protected override _resolve(writer: avro.Type): ((value: Decimal) => Decimal) | undefined {
    return writer instanceof DecimalType ? (value) => value : undefined;
  }
}

/** Longer numbers are beyond every bound; to compute with them would only cost time. */
const MAX_BYTES = 64;

/** The whole number of 1/10^`places` nearest to the decimal, halves away from zero; null when there is none. */
export function unitsOf({ unscaled, scale }: Decimal, places: number): bigint | null {
  if (unscaled.length === 0 || unscaled.length > MAX_BYTES) return null;
  const whole = BigInt.asIntN(unscaled.length * 8, BigInt(`0x${unscaled.toString('hex')}`));
  if (scale <= places) return whole * 10n ** BigInt(places - scale);
  const unit = 10n ** BigInt(scale - places);
  const half = unit / 2n;
  return (whole < 0n ? whole - half : whole + half) / unit;
}

/** The decimal as people write it; one that is too long to be computed with, by its length. */
export function decimalText(decimal: Decimal): string {
  const whole = unitsOf(decimal, decimal.scale);
  if (whole === null) return `a decimal of ${decimal.unscaled.length} bytes`;
  const digits = `${whole < 0n ? -whole : whole}`.padStart(decimal.scale + 1, '0');
  const point = digits.length - decimal.scale;
  const text = decimal.scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return whole < 0n ? `-${text}` : text;
}

/** The decimal of so many 1/10^`scale`. */
export function decimalOf(unscaled: bigint, scale: number): Decimal {
  let length = 1;
  while (BigInt.asIntN(length * 8, unscaled) !== unscaled) length += 1;
  const hex = BigInt.asUintN(length * 8, unscaled)
    .toString(16)
    .padStart(length * 2, '0');
  return { unscaled: Buffer.from(hex, 'hex'), scale };
}

// Orders written with any schema that has their fields: for the generator, and for tests.
import avro from 'avsc';
import { type Decimal, DecimalType, decimalOf } from '../schemas/decimal.ts';
import type { Order } from './order.ts';

/** Makes the Avro binary of an order, without framing. */
export type OrderWriter = (order: Order) => Buffer;

/**
 * A writer with `schema` (JSON text): `orderId`, `product` and `price` as it has them, of every other field
 * its default, or null. Throws Error, in words, when there is no way.
 */
export function createOrderWriter(schema: string): OrderWriter {
  const type = avro.Type.forSchema(JSON.parse(schema), {
    logicalTypes: { decimal: DecimalType },
    wrapUnions: 'never',
  });
  if (!(type instanceof avro.types.RecordType)) throw new Error('the schema is no record');
  const fields = type.fields.map((field) => ({ name: field.name, read: readerOf(field) }));
  const write = (order: Order) => {
    const value: Record<string, unknown> = {};
    for (const { name, read } of fields) value[name] = read(order);
    return type.toBuffer(value);
  };
  write({ orderId: 'A1', product: 'Item1', price: 1.5 });
  return write;
}

function readerOf(field: avro.types.Field): (order: Order) => unknown {
  const { name, type } = field;
  if (name === 'orderId' || name === 'product') return (order) => order[name];
  if (name === 'price') return priceIn(type);
  const byDefault = field.defaultValue();
  if (byDefault === undefined && !type.isValid(null)) {
    throw new Error(`nothing is known to write into the field ${name}, which has no default`);
  }
  return () => byDefault ?? null;
}

function priceIn(type: avro.Type): (order: Order) => number | Decimal {
  if (type instanceof DecimalType) {
    return ({ price }) => decimalOf(BigInt(Math.round(price * 10 ** type.scale)), type.scale);
  }
  if (type.isValid(1.5)) return ({ price }) => price;
  if (type.isValid(1)) return ({ price }) => Math.round(price);
  const { types = [] } = type as { types?: readonly avro.Type[] };
  const decimal = types.find((branch) => branch instanceof DecimalType);
  if (decimal !== undefined) return priceIn(decimal);
  throw new Error(`a price cannot be written as ${type.typeName}`);
}

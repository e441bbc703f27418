// The order: what its fields may hold, and how it is written.
import { readFileSync } from 'node:fs';
import avro from 'avsc';

/**
 * What a handler is given. Fields are read by their names: what is not asked for need not have been made
 * yet, so a spread finds nothing to copy.
 */
export type Order = {
  readonly orderId: string;
  readonly product: string;
  readonly price: number;
};

export const MAX_ORDER_ID_BYTES = 128;
export const MAX_PRODUCT_BYTES = 256;
export const MAX_PRICE = 1e9;

/** The first version, compiled: the published format of orders without framing. */
export const orderType = avro.Type.forSchema(
  JSON.parse(readFileSync(new URL(import.meta.resolve('#avro/versions/1.avsc')), 'utf8')),
);

/** Avro binary of an order, without framing. */
export function encodeOrder(order: Order): Buffer {
  return orderType.toBuffer(order);
}

// The order: what its fields may hold, and how it is written.
import { readFileSync } from 'node:fs';
import avro from 'avsc';

export type Order = { orderId: string; product: string; price: number };

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

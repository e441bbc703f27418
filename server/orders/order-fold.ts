// Orders for the core: how they are decoded, and the averages they become.
import { Fault } from '../log/fault.ts';
import type { Fold } from '../log/fold.ts';
import { Unready } from '../log/unready.ts';
import { type Averages, add, addTo, contains, isSound, subtract, type Tally } from './averages.ts';
import { decodeProducts, encodeProducts } from './averages-codec.ts';
import type { Order } from './order.ts';
import { createOrderDecoder, type OrderDecoder } from './order-decoder.ts';
import { nameOf } from './plain-order.ts';
import type { ProductName } from './product-names.ts';
import { REASONS } from './reasons.ts';

/** Averages per product, and how much room their names take. */
export type OrderState = {
  readonly averages: Averages;
  /** Tallies by the numbers of the names that they were asked for with: a name need not be looked up twice. */
  readonly known: ({ readonly name: ProductName; readonly tally: Tally } | undefined)[];
  /** Orders under way, by product: their products have room although they may not be counted yet. */
  readonly reserved: Map<string, number>;
  /** Products with room, counted or reserved. */
  products: number;
  /** What they take of an encoded checkpoint, at most. */
  bytes: number;
};

/** No producer can stop the service with invented names. */
export type ProductLimits = { readonly maxProducts: number; readonly maxBytes: number };

/** What orders are averaged by. A text: a checkpoint has one tally for each. */
function keyOf({ product }: Order): string {
  return product;
}

/** The id of the order in the bytes; null when they are none, or when nobody can tell yet. */
export function idOf(bytes: Buffer, { decode } = byItself): string | null {
  const order = decode(bytes, 0, bytes.length);
  return order instanceof Fault || order instanceof Unready ? null : order.orderId;
}

/** Bytes of a product in a checkpoint beside its name, at most. */
const TALLY_BYTES = 30;

/** Without a registry. */
const byItself: Pick<OrderDecoder, 'decode'> = createOrderDecoder(null);

/** The fold of orders, as `decode` makes them from bytes. */
export function createOrderFold(
  { maxProducts, maxBytes }: ProductLimits,
  { decode } = byItself,
): Fold<Order, OrderState> {
  return {
    decode,
    empty: () => stateOf(new Map()),
    admit(state, order) {
      // Nearly every order is of a known product.
      if (tallyOf(state, order) !== undefined) return null;
      const key = keyOf(order);
      if (hasRoom(state, key)) return null;
      if (state.products >= maxProducts) {
        return new Fault(
          REASONS.PRODUCT_LIMIT,
          `the partition has ${state.products} products already`,
        );
      }
      if (state.bytes + bytesOf(key) > maxBytes) {
        const found = `the names of ${state.products} products fill the checkpoint already`;
        return new Fault(REASONS.PRODUCT_LIMIT, found);
      }
      return null;
    },
    reserve(state, order) {
      const key = keyOf(order);
      changeRoom(state, key, () => {
        state.reserved.set(key, (state.reserved.get(key) ?? 0) + 1);
      });
    },
    release(state, order) {
      const key = keyOf(order);
      changeRoom(state, key, () => {
        const left = (state.reserved.get(key) ?? 0) - 1;
        if (left > 0) state.reserved.set(key, left);
        else state.reserved.delete(key);
      });
    },
    add(state, order) {
      // Of a known product nothing about the room can change.
      const tally = tallyOf(state, order);
      if (tally !== undefined) addTo(tally, order.price);
      else addFirst(state, keyOf(order), order.price);
    },
    contains: ({ averages }, order) => contains(averages, keyOf(order), order.price),
    subtract(state, order) {
      const key = keyOf(order);
      changeRoom(state, key, () => subtract(state.averages, key, order.price));
      if (!state.averages.has(key)) state.known.length = 0;
    },
    encode({ averages }) {
      expectSound(averages);
      return encodeProducts(averages);
    },
    decodeState(bytes) {
      const averages = decodeProducts(bytes);
      expectSound(averages);
      return stateOf(averages);
    },
  };
}

function expectSound(averages: Averages): void {
  for (const tally of averages.values()) {
    if (!isSound(tally)) throw new RangeError(`a sum of ${JSON.stringify(tally)}`);
  }
}

function stateOf(averages: Averages): OrderState {
  let bytes = 0;
  for (const product of averages.keys()) bytes += bytesOf(product);
  return { averages, known: [], reserved: new Map(), products: averages.size, bytes };
}

/** The tally of the order's product; undefined when none was counted. */
function tallyOf(state: OrderState, order: Order): Tally | undefined {
  const name = nameOf(order);
  if (name === null) return state.averages.get(keyOf(order));
  const known = state.known[name.number];
  return known !== undefined && known.name === name ? known.tally : lookUp(state, name, order);
}

/** Found, a tally is kept for the name, unless the key says more than the name. */
function lookUp({ averages, known }: OrderState, name: ProductName, order: Order) {
  const key = keyOf(order);
  const tally = averages.get(key);
  if (tally === undefined || key !== name.text) return tally;
  // One after the other: an array with a gap may become slow.
  while (known.length < name.number) known.push(undefined);
  known[name.number] = { name, tally };
  return tally;
}

function hasRoom({ averages, reserved }: OrderState, product: string): boolean {
  return averages.has(product) || reserved.has(product);
}

/** Keeps the books of the room while `change` may give a product some, or take its last. */
function changeRoom(state: OrderState, product: string, change: () => void): void {
  const before = hasRoom(state, product);
  change();
  const after = hasRoom(state, product);
  if (before === after) return;
  const times = after ? 1 : -1;
  state.products += times;
  state.bytes += times * bytesOf(product);
}

/** Apart from `add`, which would pay for the closure with every order. */
function addFirst(state: OrderState, product: string, price: number): void {
  changeRoom(state, product, () => add(state.averages, product, price));
}

function bytesOf(product: string): number {
  return Buffer.byteLength(product) + TALLY_BYTES;
}

// The generator's orders: a pure sequence, the same for the same seed, with a share of bad ones of
// every kind that the service must make a dead letter.
import { readFileSync } from 'node:fs';
import avsc from 'avsc';

type Order = { orderId: string; product: string; price: number };

/** One record to send. */
export type GeneratedOrder = {
  readonly orderId: string;
  readonly key: Buffer;
  readonly value: Buffer | null;
  /** The reason code with which it must become a dead letter; undefined for a good order. */
  readonly reason: Reason | undefined;
  /** One line for people. */
  describe(): string;
};

const orderType = avsc.Type.forSchema(
  JSON.parse(readFileSync(new URL(import.meta.resolve('#avro/versions/1.avsc')), 'utf8')),
);
const encode = (order: Order): Buffer => orderType.toBuffer(order);
const withPrice = (price: number) => (order: Order) => encode({ ...order, price });
const withProduct = (product: string) => (order: Order) => encode({ ...order, product });

// In the encoding of an order the product ends, and the price begins, 4 bytes before the end.
const priceBytes = 4;

// Per reason the ways to be bad in it.
const faults = {
  EMPTY: [() => Buffer.alloc(0)],
  TOMBSTONE: [() => null],
  TOO_BIG: [withProduct('x'.repeat(64 * 1024))],
  MALFORMED: [
    (order: Order) => encode(order).subarray(0, -priceBytes),
    (order: Order) => Buffer.from(JSON.stringify(order)),
  ],
  TRAILING: [
    (order: Order) => Buffer.concat([encode(order), Buffer.alloc(1)]),
    (order: Order) => Buffer.concat([encode(order), encode(order)]),
  ],
  NON_CANONICAL: [withLongLength, withBrokenText],
  FIELD_EMPTY: [(order: Order) => encode({ ...order, orderId: '' }), withProduct(' ')],
  FIELD_TOO_LONG: [
    (order: Order) => encode({ ...order, orderId: order.orderId.padEnd(129, '0') }),
    withProduct('x'.repeat(257)),
  ],
  FIELD_CTRL: [withProduct('Item1\n{"level":30}'), withProduct('\u001b[2JItem1')],
  PRICE_NOT_FINITE: [withPrice(Number.NaN), withPrice(Number.POSITIVE_INFINITY)],
  PRICE_NEGATIVE: [withPrice(-1)],
  PRICE_TOO_BIG: [withPrice(2e9)],
} satisfies Record<string, readonly ((order: Order) => Buffer | null)[]>;

/** A reason code for which the generator makes bad orders. */
export type Reason = keyof typeof faults;

/** Every reason for which the generator makes bad orders. */
export const reasons = Object.keys(faults) as readonly Reason[];

/**
 * A sequence of orders without end. `products` names Item1…ItemN; `badRatio` (0 to 1) is the share
 * of bad orders. Order ids are unique within a seed.
 */
export function createOrderGenerator(options: {
  seed: number;
  products: number;
  badRatio: number;
}): { next(): GeneratedOrder } {
  const random = randomNumbers(options.seed);
  const run = options.seed.toString(36);
  const names = Array.from({ length: options.products }, (_, n) => `Item${n + 1}`);
  let count = 0;

  return {
    next() {
      count += 1;
      const orderId = `${run}-${count}`;
      const product = pick(names, random());
      const price = Math.round(100 + random() * 49_900) / 100;
      const order = { orderId, product, price };
      const key = Buffer.from(orderId);
      if (random() >= options.badRatio) {
        const describe = () => `order ${orderId}  ${product}  ${price.toFixed(2)}`;
        return { orderId, key, value: encode(order), reason: undefined, describe };
      }
      const reason = pick(reasons, random());
      const value = pick<(order: Order) => Buffer | null>(faults[reason], random())(order);
      return { orderId, key, value, reason, describe: () => `order ${orderId}  bad: ${reason}` };
    },
  };
}

// The orderId's length written in one byte more than it needs.
function withLongLength(order: Order): Buffer {
  const [length = 0, ...rest] = encode(order);
  return Buffer.from([length | 0x80, 0, ...rest]);
}

// The product's last byte is one that UTF-8 never has.
function withBrokenText(order: Order): Buffer {
  const value = encode(order);
  value[value.length - priceBytes - 1] = 0xff;
  return value;
}

function pick<T>(values: readonly T[], random: number): T {
  return values[Math.floor(random * values.length)] as T;
}

// mulberry32: 32 bits of state, numbers in [0, 1).
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

// A producer that invents product names without end.

import type { GeneratedOrder } from '../../../server/orders/order-generator.ts';
import { encodeSomeOrder } from '../../fixtures/some-order.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../until.ts';
import type { World } from '../world.ts';

/** Every second order is of a product nobody has seen before; `pad` is the length of its name. */
function inventive(pad: number): { next(): GeneratedOrder } {
  let count = 0;
  return {
    next() {
      count += 1;
      const orderId = `inventive-${count}`;
      const product = count % 2 === 0 ? `Known${count % 8}` : `${count}`.padEnd(pad, '-');
      const value = encodeSomeOrder({ orderId, product, price: count % 1000 });
      const describe = () => orderId;
      return { orderId, key: Buffer.from(orderId), value, reason: undefined, describe };
    },
  };
}

async function untilRefused(world: World, options: { pad: number; rate: number }): Promise<void> {
  const load = await world.load({ rate: options.rate, orders: inventive(options.pad) });
  const [instance] = world.instances;
  await until('products to be refused', async () => {
    const letters = await instance!.deadLetters();
    return letters.some(({ reason }) => reason.startsWith('PRODUCT_LIMIT'));
  });
  const { perProduct } = await instance!.metrics();
  const known = perProduct.Known2?.count ?? 0;
  await until('known products to flow on', async () => {
    const now = await instance!.metrics();
    return (now.perProduct.Known2?.count ?? 0) > known + 500;
  });
  await load.stop();
  const facts = await world.settle();
  if (!facts.reasons.has('PRODUCT_LIMIT')) throw new Error('no product was refused');
}

/** At MAX_PRODUCTS. */
async function tooMany(world: World): Promise<void> {
  await world.startReady(2, { env: { MAX_PRODUCTS: '200' } });
  await untilRefused(world, { pad: 1, rate: 2000 });
}

/** At the size of a checkpoint. */
async function tooLong(world: World): Promise<void> {
  const topic = world.names.orders;
  await world.admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  await world.startReady(1);
  await untilRefused(world, { pad: 250, rate: 5000 });
}

export const productScenarios: readonly Scenario[] = [
  { name: 'product-names-too-many', run: tooMany },
  { name: 'product-names-too-long', run: tooLong },
];

// Batches that are small on the wire and large in memory.
import { gzipSync } from 'node:zlib';
import { createKafka } from '../../../server/kafka/client.ts';
import { createCluster } from '../../../server/kafka/cluster.ts';
import { errorName, produceExchange } from '../../../server/kafka/protocol.ts';
import { silentLogger } from '../../fixtures/silent-logger.ts';
import { encodeSomeOrder } from '../../fixtures/some-order.ts';
import { craftBatch } from '../../record-batch/crafted.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../until.ts';
import type { World } from '../world.ts';

/** A batch of orders that inflates to 70 MiB, for each carries a header of 32 KiB. */
function largeBatch(name: string): Buffer {
  const headers = [{ name: Buffer.from('padding'), value: Buffer.alloc(32 * 1024) }];
  const records = Array.from({ length: 70 * 32 }, (_, n) => {
    const order = { orderId: `${name}-${n}`, product: `Large${n % 3}`, price: n % 500 };
    return { key: Buffer.from(order.orderId), value: encodeSomeOrder(order), headers };
  });
  return craftBatch(records, { attributes: 1, compress: (body) => gzipSync(body, { level: 1 }) });
}

async function produceLarge(world: World, times: number): Promise<void> {
  const { brokers } = world.cluster;
  const kafka = createKafka({
    brokers: brokers.split(','),
    clientId: 'large-batches',
    logger: silentLogger,
  });
  const cluster = createCluster(kafka);
  try {
    const topic = world.names.orders;
    await cluster.refresh([topic]);
    for (let n = 0; n < times; n++) {
      const tp = { topic, partition: n % 3 };
      const exchange = produceExchange(tp, largeBatch(`large-${n}`), 10_000);
      const { error } = await cluster.send(cluster.leader(tp)!.node, exchange);
      if (error !== 0) throw new Error(`Kafka refuses a large batch: ${errorName(error)}`);
    }
  } finally {
    await cluster.close();
  }
}

/** They are read while others flow on, whoever dies in the middle of one. */
async function largeBatches(world: World): Promise<void> {
  const { random } = world;
  const [first] = await world.startReady(2);
  await world.load();
  await world.progress(2000);
  await produceLarge(world, world.long ? 9 : 4);
  if (random.chance(0.5)) {
    await first!.kill();
    await world.start();
  }
  await until('the large batches to be counted', async () => {
    const { perProduct } = await world.instances.find(({ live }) => live)!.metrics();
    return (perProduct.Large1?.count ?? 0) > 1000;
  });
  await world.settle();
}

export const batchScenarios: readonly Scenario[] = [{ name: '70-mib-batch', run: largeBatches }];

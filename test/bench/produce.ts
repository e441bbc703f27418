// `npm run bench:produce`: how fast `npm run produce` sends orders, beside kafkajs' producer in batches of
// 2,000, each in a process of its own, by turns.
import { readOptions } from '../fixtures/options.ts';
import { writeBacklog } from './backlog.ts';
import { withKafka } from './own-kafka.ts';
import { type Cost, rateOf, runSide, shown } from './side.ts';

const values = {
  ...{ orders: '1000000', rounds: '3' },
  ...readOptions('npm run bench:produce -- [--orders N] [--rounds N] [--brokers HOST:PORT]', {
    ...{ orders: 'number', rounds: 'number', brokers: 'text' },
  } as const),
};
const SIDES = { 'npm run produce': 'service', 'kafkajs, batches of 2,000': 'kafkajs' };

await withKafka(values.brokers, async (brokers) => {
  const topic = `bench-produce-${Date.now()}`;
  const empty = { orders: 0, partitions: 3, products: 4, batch: 2000, codec: 'none' };
  await writeBacklog(brokers, { ...empty, topic });
  const results = new Map<string, Cost[]>(Object.keys(SIDES).map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [name, SIDE] of Object.entries(SIDES)) {
      const env = { SIDE, BROKERS: brokers, TOPIC: topic, ORDERS: values.orders };
      results.get(name)!.push(await runSide<Cost>('producing', env));
    }
  }
  const [, kafkajs = []] = results.values();
  console.table(
    [...results].map(([side, costs]) => ({
      side,
      'orders/s': Math.round(rateOf(costs)).toLocaleString('en'),
      'per CPU second': shown(
        costs.map(({ orders, cpuSeconds }) => cpuSeconds && orders / cpuSeconds),
      ),
      'x kafkajs': (rateOf(costs) / rateOf(kafkajs)).toFixed(2),
    })),
  );
});

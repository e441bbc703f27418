// Another business through the same core: readings of sensors, on a broker, by instances that are
// killed and that join while it goes on. Not a line outside the fixtures knows of it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { openOrderProducer } from '../../server/kafka/order-producer.ts';
import { decodeSummary } from '../../server/log/checkpoint.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { createKafkajsClient } from '../fixtures/kafkajs-client.ts';
import {
  createSensorState,
  encodeReading,
  meanAndVariance,
  type Reading,
  sensorTopics,
} from '../fixtures/sensors.ts';
import { until } from '../fixtures/until.ts';

const PARTITIONS = 3;
const entry = fileURLToPath(new URL('../fixtures/sensor-instance.js', import.meta.url));

/** An instance that has joined the group. */
async function withInstance(t: Test, brokers: string, name: string): Promise<ChildProcess> {
  const args = [entry, brokers, name, `${PARTITIONS}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`${name} ended`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (line === 'READY') resolve();
      if (line.startsWith('error')) t.comment(line);
    });
  });
  return child;
}

t.test('sensors: exact means and variances through kill -9 and rebalances', async (t) => {
  const { address: brokers } = await withDevBroker(t);
  const client = createKafkajsClient(brokers);
  const producer = await openOrderProducer({
    connection: { brokers: [brokers] },
    topic: sensorTopics.readings,
    partitions: PARTITIONS,
    trouble: (words) => t.comment(words),
  });
  t.teardown(() => producer.close());
  const sent: Reading[] = [];
  let bad = 0;

  /** Readings of twenty sensors; one in fifty is out of range or no reading at all. */
  async function send(count: number): Promise<void> {
    const records = Array.from({ length: count }, (_, n) => {
      const sensor = (sent.length + n) % 20;
      const key = Buffer.from(`${sensor}`);
      if (n % 50 === 7) {
        bad += 1;
        const outOfRange = encodeReading({ sensor, value: 1_000_001 });
        return { key, value: n % 100 === 7 ? outOfRange : Buffer.from([0x80]) };
      }
      const reading = { sensor, value: ((n * 7919) % 2_000_001) - 1_000_000 };
      sent.push(reading);
      return { key, value: encodeReading(reading) };
    });
    await producer.send(records);
  }

  /** What the head checkpoints say together. */
  async function shown() {
    const state = createSensorState();
    const heads = new Map<number, ReturnType<typeof decodeSummary>>();
    for (const { partition, value } of await client.read(sensorTopics.checkpoints)) {
      heads.set(partition, decodeSummary(value!));
    }
    let read = 0;
    let waiting = 0;
    let deadLettered = 0;
    for (const { summary, folded } of heads.values()) {
      read += summary.nextOffset;
      waiting += summary.pendingCount;
      deadLettered += summary.deadLettered;
      for (const _ of state.replace(null, folded));
    }
    return { read, waiting, deadLettered, sensors: state.sensors };
  }

  await send(1000);
  const first = await withInstance(t, brokers, 'first');
  await withInstance(t, brokers, 'second');
  await until('something is counted', shown, ({ read }) => read > 0);
  await send(2000);
  first.kill('SIGKILL');
  await once(first, 'exit');
  await send(2000);
  await withInstance(t, brokers, 'third');
  await send(1000);
  const total = sent.length + bad;
  const { deadLettered, sensors } = await until(
    'all are read and none waits',
    shown,
    ({ read, waiting }) => read === total && waiting === 0,
  );
  t.equal(deadLettered, bad);
  t.equal((await client.read(sensorTopics.deadLetters)).length, bad, 'one dead letter each');
  t.equal(sensors.size, 20);
  for (const [sensor, moments] of sensors) {
    const values = sent.filter((each) => each.sensor === sensor).map(({ value }) => BigInt(value));
    t.equal(moments.count, values.length);
    const sum = values.reduce((a, b) => a + b, 0n);
    t.equal(moments.sum, sum);
    t.equal(
      moments.squares,
      values.reduce((a, b) => a + b * b, 0n),
    );
    const { mean, variance } = meanAndVariance(moments);
    t.equal(mean, Number(sum) / values.length);
    t.ok(variance > 0);
  }
});

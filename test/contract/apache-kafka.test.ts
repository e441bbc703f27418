// The contract on Apache Kafka: one broker for all of it.
import t from 'tap';
import { withApacheKafka } from '../fixtures/apache-kafka.ts';
import { withOtherClient } from '../fixtures/other-client.ts';
import { contract } from './contract.ts';
import { java } from './java.ts';
import { outage } from './outage.ts';

// Far above what it takes, for machines that have much else to do.
const timeout = 600_000;
t.setTimeout(timeout);

t.test('on Apache Kafka', { timeout }, async (t) => {
  const kafka = await withApacheKafka(t);
  if (kafka === undefined) return;
  const broker = { ...kafka, client: await withOtherClient(t, kafka.brokers) };

  await t.test('many services at once', { jobs: 3, timeout }, async (t) => {
    java(t, broker);
    contract(t, broker);
  });
  await t.test('while nobody else is there', { timeout }, async (t) => {
    await outage(t, broker);
  });
});

// The contract on Apache Kafka: one broker for all of it.
import t from 'tap';
import { withApacheKafka } from '../fixtures/apache-kafka.ts';
import { contract } from './contract.ts';

// Far above what it takes, for machines that have much else to do.
const timeout = 600_000;
t.setTimeout(timeout);

t.test('on Apache Kafka', { jobs: 3, timeout }, async (t) => {
  const kafka = await withApacheKafka(t);
  if (kafka === undefined) return;
  await contract(t, kafka);
});

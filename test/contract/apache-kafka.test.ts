// The contract on Apache Kafka: one broker for all of it.
import t from 'tap';
import { withApacheKafka } from '../fixtures/apache-kafka.ts';
import { contract } from './contract.ts';

t.test('on Apache Kafka', { jobs: 3 }, async (t) => {
  const kafka = await withApacheKafka(t);
  if (kafka === undefined) return;
  await contract(t, kafka);
});

// The contract on the embedded broker, which keeps its records in a folder as it does by default.
import t from 'tap';
import { withKafkaInstallation } from '../fixtures/apache-kafka.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { checkJavaTools } from '../fixtures/java-tools.ts';
import { withOtherClient } from '../fixtures/other-client.ts';
import { contract } from './contract.ts';

// Far above what it takes, for machines that have much else to do.
const timeout = 600_000;
t.setTimeout(timeout);

t.test('on the embedded broker', { jobs: 3, timeout }, async (t) => {
  const { address: brokers } = await withDevBroker(t, t.testdir({}));
  contract(t, { brokers, client: await withOtherClient(t, brokers) });
});

t.test("Kafka's own tools work against the embedded broker", { timeout }, async (t) => {
  const installation = await withKafkaInstallation(t);
  if (installation === undefined) return;
  const { address: brokers } = await withDevBroker(t);
  await checkJavaTools(t, installation, brokers);
});

import type { LookupFunction } from 'node:net';
import t, { type Test } from 'tap';
import { describe } from '../../server/errors.ts';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster, partitionCount } from '../../server/kafka/cluster.ts';
import { createSockets } from '../../server/kafka/sockets.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { withSilentHost } from '../fixtures/silent-host.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

/** A name server for which every name stands for these hosts, in this order. */
const resolving =
  (...hosts: string[]): LookupFunction =>
  (_name, _options, callback) =>
    callback(
      null,
      hosts.map((address) => ({ address, family: 4 })),
    );

/** Why a connection to a port cannot be made, as people read it; '' when it can. */
async function tryOut(t: Test, port: number, hosts: string[], withinMs = 5000) {
  const brokers = [`kafka.test:${port}`];
  const kafka = createKafka({
    ...{ brokers, clientId: 'test', logger: silentLogger },
    sockets: createSockets(brokers, { lookup: resolving(...hosts), withinMs }),
  });
  const cluster = createCluster(kafka);
  t.teardown(() => cluster.close());
  try {
    await cluster.refresh(['nowhere']);
    return partitionCount(cluster, 'nowhere') === 0 ? '' : 'a topic that nobody made';
  } catch (error) {
    return describe(error);
  }
}

t.test('a name of several hosts leads to the next one when the first', async (t) => {
  const { port } = await withDevBroker(t);
  t.equal(await tryOut(t, port, ['127.0.0.3', '127.0.0.1']), '', 'refuses');
  await withSilentHost(t, '127.0.0.2', port);
  t.equal(await tryOut(t, port, ['127.0.0.2', '127.0.0.1']), '', 'says nothing');
  t.equal(await tryOut(t, port, ['127.0.0.2', '127.0.0.3', '127.0.0.1']), '', 'and the second');
});

t.test('where no host of a name answers, each is named with its reason', async (t) => {
  const { port } = await withDevBroker(t);
  t.equal(
    await tryOut(t, port, ['127.0.0.3', '127.0.0.4']),
    `kafka.test:${port}: connect ECONNREFUSED 127.0.0.3:${port}, connect ECONNREFUSED 127.0.0.4:${port}`,
  );
  await withSilentHost(t, '127.0.0.2', port);
  const words = await tryOut(t, port, ['127.0.0.2'], 100);
  t.equal(words, `kafka.test:${port}: no answer to connecting within 0.1 s`);
});

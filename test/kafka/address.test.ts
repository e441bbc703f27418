import { networkInterfaces } from 'node:os';
import t from 'tap';
import { aliasOf, hostOf, withoutAliases } from '../../server/kafka/address.ts';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster, partitionCount } from '../../server/kafka/cluster.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

t.test('an IPv6 address goes through kafkajs and comes back', async (t) => {
  const addresses = ['::1', 'fe80::1%eth0', '2001:db8::8a2e:370:7334', '::ffff:1.2.3.4'];
  for (const address of addresses) {
    const [host = '', port, ...more] = aliasOf(`[${address}]:9092`).split(':');
    t.same([port, more], ['9092', []]);
    t.equal(hostOf(host), address);
    t.equal(withoutAliases(`no ${host}:9092`), `no [${address}]:9092`);
  }
  for (const plain of ['localhost:9092', '127.0.0.1:1', 'k-1.example.com:9092']) {
    t.equal(aliasOf(plain), plain);
    t.equal(hostOf(plain.split(':')[0]!), plain.split(':')[0]);
  }
  t.equal(hostOf('[::1]'), '::1', 'as some brokers advertise themselves');
});

t.test('a broker at an IPv6 address is connected to', async (t) => {
  const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  );
  if (!hasIpv6) return t.comment('this machine has no IPv6');
  const { port } = await withDevBroker(t);
  const brokers = [`[::1]:${port}`];
  const kafka = createKafka({ brokers, clientId: 'test', logger: silentLogger });
  const cluster = createCluster(kafka);
  t.teardown(() => cluster.close());
  await cluster.refresh(['nowhere']);
  t.equal(partitionCount(cluster, 'nowhere'), 0);
});

// Addresses as clusters have them: IPv6, and what brokers advertise that nobody reaches from here.
import t from 'tap';
import type { Health } from '../../server/http/contract.ts';
import { withApacheKafka } from '../fixtures/apache-kafka.ts';
import { freePorts } from '../fixtures/free-port.ts';
import { withOtherClient } from '../fixtures/other-client.ts';
import { withService } from '../fixtures/service.ts';
import { withSilentHost } from '../fixtures/silent-host.ts';
import { agree } from './agree.ts';
import { trouble } from './trouble.ts';
import { createWorld } from './world.ts';

const timeout = 300_000;
t.setTimeout(timeout);

const GIVEN = 'this address is not from KAFKA_BROKERS: a broker there gave it';

t.test('on a Kafka with several listeners', { timeout }, async (t) => {
  const [v6 = 0, unnamed = 0, closed = 0, dropped = 0, free = 0] = await freePorts(5);
  const silent = await withSilentHost(t, '127.0.0.2');
  const kafka = await withApacheKafka(t, {
    listeners: {
      V6: { at: `[::1]:${v6}` },
      UNNAMED: { at: `localhost:${unnamed}`, advertised: 'kafka-internal.invalid:19092' },
      CLOSED: { at: `localhost:${closed}`, advertised: `127.0.0.1:${free}` },
      DROPPED: { at: `localhost:${dropped}`, advertised: `127.0.0.2:${silent}` },
    },
    properties: {
      'listener.security.protocol.map': [
        'CONTROLLER',
        'PLAINTEXT',
        'V6',
        'UNNAMED',
        'CLOSED',
        'DROPPED',
      ]
        .map((name) => `${name}:PLAINTEXT`)
        .join(),
    },
  });
  if (kafka === undefined) return;

  await t.test('orders are counted over IPv6 alone', async (t) => {
    const client = await withOtherClient(t, kafka.brokers);
    const world = createWorld(t, { brokers: kafka.brokers, client });
    const service = await world.start({ KAFKA_BROKERS: `[::1]:${v6}` });
    await world.send({ count: 500, seed: 1 });
    await agree(t, world, service);
    t.match(service.lines.join(), 'joined the group');
    t.strictSame((await service.json<Health>('/health/ready')).reasons, []);
  });

  const unreachable: [string, number, RegExp][] = [
    ['does not resolve', unnamed, /kafka-internal\.invalid:19092: getaddrinfo \w+ kafka-internal/],
    ['refuses', closed, new RegExp(`connect ECONNREFUSED 127\\.0\\.0\\.1:${free}`)],
    ['says nothing', dropped, new RegExp(`127\\.0\\.0\\.2:${silent}: no answer to connecting`)],
  ];
  for (const [what, port, reason] of unreachable) {
    await t.test(`an advertised listener that ${what} is named, and who named it`, async (t) => {
      const service = await withService(t, { KAFKA_BROKERS: `localhost:${port}` });
      await trouble(service, new RegExp(`${reason.source}.*; ${GIVEN}`));
      t.equal((await service.get('/health/live')).status, 200);
      await service.stop();
    });
  }
});

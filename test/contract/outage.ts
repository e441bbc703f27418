// A broker that crashes and comes back. It is alone with its broker: nobody else could work meanwhile.
import type { Test } from 'tap';
import type { Health } from '../../server/http/contract.ts';
import { type Service, withService } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';
import { agree } from './agree.ts';
import { type Broker, createWorld, ready } from './world.ts';

/** A broker that can be made to crash (SIGKILL) and to start again with its data. */
export type MortalBroker = Broker & { kill(): Promise<void>; restart(): Promise<void> };

/** What the service makes of a Kafka that goes and comes. */
export async function outage(t: Test, broker: MortalBroker): Promise<void> {
  await t.test('a broker that crashes under load costs no order', async (t) => {
    // Each of the four has something to write down in the end.
    const world = createWorld(t, broker, {
      FAILURE_RATE: '0.3',
      RETRY_BACKOFF_MS: '100',
      PARTITIONS: '8',
    });
    const another = createWorld(t, broker);
    const load = await world.load(15);
    const services = await Promise.all([world.start(), world.start()]);
    const [patient, impatient] = await Promise.all([world.start(), world.start()]);
    await load.sent(1000);
    await broker.kill();

    const late = await withService(t, another.env);
    for (const service of [...services, late]) await unreachable(service, world.brokers);
    const { status } = await late.json<Health>('/health/ready');
    t.equal(status, 'starting');
    // Without Kafka both take their time; only the one that is told twice does not.
    const ends = [patient.stop(), impatient.stop()];
    for (const service of [patient, impatient]) {
      await until(
        'it is stopping',
        () => service.json<Health>('/health/ready'),
        ({ status }) => status === 'stopping',
      );
    }
    const first = Promise.race([
      patient.exited.then(() => 'told once'),
      impatient.exited.then(() => 'told twice'),
    ]);
    t.strictSame(await impatient.stop(), { code: 1, signal: null });
    t.equal(await first, 'told twice', 'a second signal ends it at once');
    await Promise.all(ends);
    t.equal((await patient.exited).signal, null, 'the other ends by itself');
    t.match(patient.lines.join('\n'), /the last checkpoint was not written: Kafka took too long/);

    await broker.restart();
    await Promise.all([...services, late].map(ready));
    await load.sent(1000);
    await load.stop();
    for (const service of services) await agree(t, world, service);
    await another.send({ count: 100, seed: 16 });
    await agree(t, another, late);
  });
}

async function unreachable(service: Service, brokers: string): Promise<void> {
  await until(
    'it says that Kafka is away',
    async () => {
      const response = await service.get('/health/ready');
      const { reasons } = (await response.json()) as Health;
      return { status: response.status, reasons };
    },
    ({ status, reasons }) =>
      status === 503 &&
      reasons.some((reason) => reason.startsWith(`Kafka is unreachable at ${brokers} (`)),
  );
}

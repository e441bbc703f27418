// Instances are exchanged for newer and for older ones while orders come in.
import t from 'tap';
import type { Health } from '../../server/http/contract.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { withFormerBuild } from '../fixtures/former-build.ts';
import { withOtherClient } from '../fixtures/other-client.ts';
import { type Service, withService } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';
import { agree } from './agree.ts';
import { createWorld, ready } from './world.ts';

/** The last program that writes checkpoints of version 2. */
const FORMER = '57250907c5ae3e1d57fdb1fa4aedc168ad9a9e44';

const STOPPED = /^(?!.*cannot be shown).*checkpoint of version \d+: .*start the newer one/;

t.setTimeout(600_000);

t.test(
  'instances are exchanged for newer ones and back, and every order counts once',
  async (t) => {
    const former = await withFormerBuild(t, FORMER);
    if (former === undefined) return;
    const { address: brokers } = await withDevBroker(t);
    const world = createWorld(t, { brokers, client: await withOtherClient(t, brokers) });
    const startFormer = () => withService(t, world.env, former);
    const old = [await startFormer(), await startFormer()];
    await Promise.all(old.map(ready));
    const load = await world.load(3);
    await load.sent(1000);

    // Upwards, one after the other.
    const newer: Service[] = [];
    for (const each of old) {
      newer.push(await world.start());
      await load.sent(300);
      await each.stop();
    }
    await Promise.all(newer.map(ready));
    await load.sent(500);

    // Downwards: what only a newer program can read is no beginning for an older one.
    const older = await startFormer();
    const { reasons } = await until(
      'the older one leaves alone what it cannot read',
      () => older.json<Health>('/health/ready'),
      ({ reasons }) => reasons.some((words) => STOPPED.test(words)),
    );
    t.comment(reasons.join('\n'));
    await load.sent(300);
    await older.stop();
    await load.sent(300);
    await load.stop();
    const [first, second] = newer as [Service, Service];
    await agree(t, world, first);
    await agree(t, world, second);
  },
);

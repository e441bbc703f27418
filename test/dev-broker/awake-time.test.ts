import t from 'tap';
import { createAwakeTime, TICK_MS } from '../../server/dev-broker/awake-time.ts';
import { type RawClient, withDevBroker, withRawClient } from '../fixtures/dev-broker.ts';

t.test('deadlines do not pass while the process stands still', async (t) => {
  let real = 1000;
  const now = createAwakeTime(() => real);
  const start = now();
  for (let i = 0; i < 10; i++) {
    real += TICK_MS + 3;
    now();
  }
  t.equal(now() - start, 10 * (TICK_MS + 3), 'it goes as real time goes');
  const before = now();
  real += 3_600_000;
  t.ok(now() - before <= 2 * TICK_MS, 'an hour with the lid closed');
  real -= 5000;
  t.ok(now() >= before, 'and never back');
});

t.test('a wall clock that is set back delays nothing, and makes no id come twice', async (t) => {
  const wall = Date.now;
  t.teardown(() => {
    Date.now = wall;
  });
  const idFrom = async () => {
    const client = await withRawClient(t, (await withDevBroker(t)).port);
    const request = { transactionalId: null, timeout: 0 };
    const { producerId } = await client.ask<{ producerId: number }>('InitProducerId', request);
    return producerId;
  };
  Date.now = () => 1_000_000;
  t.not(await idFrom(), await idFrom());

  const { port } = await withDevBroker(t);
  const [gone, next] = [await withRawClient(t, port), await withRawClient(t, port)];
  const join = (client: RawClient, memberId = '') =>
    client.ask<{ error: number; memberId: string; members: object[] }>('JoinGroup', {
      group: 'g',
      sessionTimeout: 1000,
      rebalanceTimeout: 60_000,
      memberId,
      instanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('m') }],
    });
  const enter = async (client: RawClient) => join(client, (await join(client)).memberId);
  t.match(await enter(gone), { error: 0 });
  Date.now = () => 1;
  // Answered when the session of the first, of which nothing more is heard, is over.
  const joined = await enter(next);
  t.equal(joined.error, 0);
  t.equal(joined.members.length, 1);
});

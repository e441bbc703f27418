// What a task makes of checkpoints that it must not go on from.
import type { Test } from 'tap';
import type { Health } from '../../server/http/contract.ts';
import { type Checkpoint, encodeCheckpoint } from '../../server/log/checkpoint.ts';
import { someCheckpoint } from '../fixtures/orders.ts';
import { withService } from '../fixtures/service.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { until } from '../fixtures/until.ts';
import { agree, knownMetrics } from './agree.ts';
import { type Broker, createWorld, type World } from './world.ts';

const SOUND = 3;
const FOREIGN = 4;

/** Checkpoints of strangers, of the future, and no checkpoints at all. */
export function checkpoints(t: Test, broker: Broker): void {
  t.test(
    'a checkpoint that cannot be trusted stops its partition with words, the others go on',
    { buffered: true },
    async (t) => {
      const world = createWorld(t, broker, { FAILURE_RATE: '0', PARTITIONS: `${FOREIGN + 1}` });
      const before = await world.start();
      await world.send({ count: 300, seed: 31 });
      await agree(t, world, before);
      await before.stop();

      const foreign = encodeCheckpoint({ ...checkpointOf(world, 2), group: 'another-group' });
      const newer = encodeCheckpoint(checkpointOf(world, 1));
      newer[0] = 4 << 1;
      const damaged = encodeCheckpoint(checkpointOf(world, 0)).subarray(0, -3);
      for (const [partition, value] of [
        [0, damaged],
        [1, newer],
        [2, foreign],
        [FOREIGN, Buffer.from('\x02 is no checkpoint')],
        [FOREIGN, Buffer.from('foreign')],
      ] as const) {
        const record = { key: Buffer.from('key'), value };
        await world.client.produce(`${world.group}-checkpoints`, [record], { partition });
      }
      const after = await withService(t, world.env);
      const { reasons } = await until(
        'three partitions have stopped',
        async () => (await (await after.get('/health/ready')).json()) as Health,
        ({ reasons }) => reasons.filter((reason) => reason.includes('has stopped')).length === 3,
      );
      for (const words of [
        `${world.orders}[0] has stopped: a checkpoint of ${damaged.length} bytes cannot be decoded`,
        `${world.orders}[1] has stopped: checkpoint of version 4: this service reads up to 3, start the newer one`,
        `${world.orders}[2] has stopped: ${world.group}-checkpoints[2] holds the state of group another-group`,
      ]) {
        t.ok(
          reasons.some((reason) => reason.startsWith(words)),
          words,
          { reasons },
        );
      }
      t.equal((await after.get('/health/ready')).status, 503);

      const value = encodeSomeOrder({ orderId: 'late', product: 'Late', price: 1 });
      const order = { key: Buffer.from('late'), value };
      for (const partition of [SOUND, FOREIGN]) {
        await world.client.produce(world.orders, [order], { partition });
      }
      await until(
        'the sound partition goes on, and so does the one with records that are no checkpoints',
        () => knownMetrics(after),
        ({ perProduct }) => perProduct.Late?.count === 2,
      );
    },
  );
}

/** One that is ahead of all others. */
function checkpointOf({ orders, group }: World, partition: number): Checkpoint {
  const offset = 1_000_000;
  const ahead = { nextOffset: offset, deadLetterOffset: offset, gaps: offset };
  return someCheckpoint({ topic: orders, group, partition, ...ahead });
}

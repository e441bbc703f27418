// Stopping, crashing and starting again: the numbers go on as if nothing had happened.
import type { Test } from 'tap';
import type { DeadLetterItem, Metrics } from '../../server/http/contract.ts';
import type { Service } from '../fixtures/service.ts';
import { agree } from './agree.ts';
import { type Broker, createWorld } from './world.ts';

/** The ends of an instance and what its successor makes of them. */
export function ends(t: Test, broker: Broker): void {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    t.test(`after ${signal} at rest a new start shows the same`, { buffered: true }, async (t) => {
      const world = createWorld(t, broker);
      const first = await world.start();
      await world.send({ count: 1000, seed: 7 });
      const before = await agree(t, world, first);
      const shown = await numbers(first);
      const exit = await first.stop(signal);
      t.strictSame(exit, signal === 'SIGTERM' ? { code: 0, signal: null } : { code: null, signal });

      const second = await world.start();
      const after = await agree(t, world, second);
      t.strictSame(await numbers(second), shown);
      t.strictSame(after.letters, before.letters, 'and sends no dead letter again');
    });

    t.test(
      `after ${signal} under load nothing is lost or counted twice`,
      { buffered: true },
      async (t) => {
        const settings = { FAILURE_RATE: '0.4', RETRY_BACKOFF_MS: '100' };
        const world = createWorld(t, broker, settings);
        const load = await world.load({ seed: 8, perSecond: 1000 });
        let service = await world.start();
        for (let round = 0; round < 2; round += 1) {
          await load.sent(700);
          const exit = await service.stop(signal);
          if (signal === 'SIGTERM') t.strictSame(exit, { code: 0, signal: null });
          service = await world.start();
        }
        await load.stop();
        const { metrics, letters } = await agree(t, world, service);
        t.ok(metrics.balance.deadLettered > 0);
        t.equal(letters.length, metrics.balance.deadLettered, 'each dead letter is there once');
      },
    );
  }
}

async function numbers(service: Service): Promise<unknown> {
  const { totalCount, overallAveragePrice, perProduct, retries, balance } =
    await service.json<Metrics>('/metrics');
  const deadLetters = await service.json<DeadLetterItem[]>('/dlq?limit=1000');
  return { totalCount, overallAveragePrice, perProduct, retries, balance, deadLetters };
}

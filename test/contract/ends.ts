// Stopping, crashing and starting again: the numbers go on as if nothing had happened.
import type { Test } from 'tap';
import type { DeadLetterItem } from '../../server/http/contract.ts';
import type { Service } from '../fixtures/service.ts';
import { agree, knownMetrics, place } from './agree.ts';
import { type Broker, createWorld } from './world.ts';

/** The ends of an instance and what its successor makes of them. */
export function ends(t: Test, broker: Broker): void {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const exit = signal === 'SIGTERM' ? { code: 0, signal: null } : { code: null, signal };
    const name = `after ${signal}, under load and at rest, the next one goes on as if nothing was`;
    t.test(name, { buffered: true }, async (t) => {
      const settings = { FAILURE_RATE: '0.4', RETRY_BACKOFF_MS: '100' };
      const world = createWorld(t, broker, settings);
      const load = await world.load(7);
      const first = await world.start();
      await load.sent(1000);
      t.strictSame(await first.stop(signal), exit);

      const second = await world.start();
      await load.sent(500);
      await load.stop();
      const before = await agree(t, world, second);
      const { deadLettered } = before.metrics.balance;
      t.ok(deadLettered > 0);
      t.equal(before.letters.length, deadLettered, 'each dead letter is there once');
      const shown = await numbers(second);
      t.strictSame(await second.stop(signal), exit);

      const third = await world.start();
      const after = await agree(t, world, third);
      t.strictSame(await numbers(third), shown);
      t.strictSame(
        after.letters.map(place).sort(),
        before.letters.map(place).sort(),
        'no dead letter is sent again',
      );
    });
  }
}

async function numbers(service: Service): Promise<unknown> {
  const { totalCount, overallAveragePrice, perProduct, retries, balance } =
    await knownMetrics(service);
  const deadLetters = await service.json<DeadLetterItem[]>('/dlq?limit=1000');
  return { totalCount, overallAveragePrice, perProduct, retries, balance, deadLetters };
}

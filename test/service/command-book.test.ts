import t from 'tap';
import { createCommandBook } from '../../server/service/command-book.ts';
import { commandWorld, redriveOf } from '../fixtures/commands.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { memoryLogs } from '../fixtures/memory-log.ts';

t.test('what all partitions say of the letters that were not sent is told once', async (t) => {
  const clock = manualClock();
  const world = commandWorld(t, { clock, memory: memoryLogs() });
  const whys = ['3 were redriven already; 1 cannot be sent', '', '5 were redriven already', 'odd'];
  for (const [partition, why] of whys.entries()) {
    world.write(redriveOf([1]), { id: 'c' }, partition);
    const closed = { kind: 'closed', outcome: 'done', seen: 1, failedAgain: 0 } as const;
    world.write(closed, { id: 'c', why }, partition);
  }
  const { commands } = world.follow([0, 1, 2, 3]);
  await Promise.all(whys.map((_, partition) => commands.caughtUp(partition)));
  const book = createCommandBook({ commands, heads: () => new Map(), now: clock.now });
  t.match(book.redrive('c'), {
    state: 'done',
    sent: 4,
    reason: '8 were redriven already; 1 cannot be sent; odd',
  });
});

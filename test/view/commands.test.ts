import t, { type Test } from 'tap';
import { commandsFor } from '../../server/service/partition-commands.ts';
import { createCommands } from '../../server/view/commands.ts';
import { commandTopic, commandWorld, redriveOf } from '../fixtures/commands.ts';
import { createHeardLogger } from '../fixtures/heard-logger.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { memoryLogs } from '../fixtures/memory-log.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

function world(t: Test) {
  const clock = manualClock();
  const memory = memoryLogs();
  return { clock, memory, ...commandWorld(t, { clock, memory }) };
}

t.test(
  'what stood in the topic is known when it is caught up, and what comes is heard of',
  async (t) => {
    const { clock, write, follow } = world(t);
    write({ kind: 'pause', breaker: false }, { why: 'maintenance' });
    const { commands, of } = follow([0, 1]);
    t.equal(commands.known, false);
    await of().caughtUp();
    await of(1).caughtUp();
    t.equal(commands.known, true);
    t.match(of().state(), { next: 1, pause: { why: 'maintenance', breaker: false }, redrives: [] });
    t.equal(of(1).state().pause, null);
    let heard = 0;
    const unwatch = commands.watch(() => {
      heard += 1;
    });
    write({ kind: 'resume' });
    await clock.advance(1);
    t.equal(of().state().pause, null);
    t.equal(heard, 1);
    unwatch();
    write({ kind: 'pause', breaker: true });
    await clock.advance(1);
    t.equal(heard, 1);
    t.match([...commands.pauses()], [[0, { breaker: true }]]);
  },
);

t.test(
  'a redrive is open until it was closed; cancelled or stopped anywhere it is only to be closed',
  async (t) => {
    const { clock, write, follow } = world(t);
    const { commands, of } = follow([0, 1]);
    const share = (id: string, partition: number) => write(redriveOf([3, 4]), { id }, partition);
    for (const id of ['done', 'cancelled', 'stopped']) for (const p of [0, 1]) share(id, p);
    await clock.advance(1);
    const open = (partition: number) =>
      of(partition)
        .state()
        .redrives.map(({ id, ended }) => (ended === null ? id : `${id}, to be closed`));
    t.same(open(0), ['done', 'cancelled', 'stopped']);
    write({ kind: 'closed', outcome: 'done', seen: 5, failedAgain: 1 }, { id: 'done' }, 0);
    write({ kind: 'cancel' }, { id: 'cancelled' }, 1);
    write(
      { kind: 'closed', outcome: 'stopped', seen: 6, failedAgain: 5 },
      { id: 'stopped', why: '5 of 6' },
      1,
    );
    await clock.advance(1);
    t.same(open(0), ['cancelled, to be closed', 'stopped, to be closed']);
    t.same(open(1), ['done', 'cancelled, to be closed']);
    write(
      { kind: 'closed', outcome: 'cancelled', seen: 1, failedAgain: 0 },
      { id: 'cancelled' },
      0,
    );
    await clock.advance(1);
    t.same(open(0), ['stopped, to be closed']);
    t.match(commands.redrive('cancelled')?.cancelled, { by: 'ada' });
    t.match(commands.redrive('stopped')?.closed.get(1), { why: '5 of 6' });
    t.equal(commands.redrive('unknown'), null);
  },
);

t.test('a cancel that is read before its redrive counts', async (t) => {
  const { clock, write, follow } = world(t);
  const { of } = follow([0, 1]);
  write({ kind: 'cancel' }, { id: 'late' }, 1);
  await clock.advance(1);
  write(redriveOf([1]), { id: 'late' }, 0);
  await clock.advance(1);
  t.match(of(0).state().redrives, [{ id: 'late', ended: 'cancelled' }]);
});

t.test('an append that was repeated says nothing new', async (t) => {
  const { clock, write, follow } = world(t);
  const { of } = follow();
  write({ kind: 'pause', breaker: true }, { id: 'p' });
  write({ kind: 'resume' }, { id: 'r' });
  write({ kind: 'pause', breaker: true }, { id: 'p' });
  await clock.advance(1);
  t.equal(of().state().pause, null);
  write({ kind: 'pause', breaker: true }, { id: 'p2' });
  write({ kind: 'resume' }, { id: 'r' });
  await clock.advance(1);
  t.not(of().state().pause, null);
});

t.test('what cannot be followed is passed over with words, and stops nothing', async (t) => {
  const { clock, memory, write } = world(t);
  const logger = createHeardLogger();
  const commands = createCommands({
    reader: memory.reader,
    group: 'g',
    topic: commandTopic,
    clock,
    logger,
    onFailed: () => t.fail('followed on'),
  });
  t.teardown(() => commands.close());
  const raw = (value: Buffer | null) =>
    memory.append({ topic: commandTopic, partition: 0 }, [
      { timestamp: 1, key: null, value, headers: [] },
    ]);
  raw(null);
  raw(Buffer.from('not ours'));
  raw(Buffer.from([99 << 1]));
  write({ kind: 'pause', breaker: false }, { group: 'others' });
  write({ kind: 'pause', breaker: false });
  commands.follow([0]);
  await clock.advance(1);
  t.equal(commands.known, true);
  t.equal(commands.pauses().size, 1);
  t.match(logger.lines, [
    /cannot be decoded/,
    /cannot be decoded|version/,
    /version 99/,
    /group others/,
  ]);
});

t.test('a log that cannot be followed is told of, and who waits for it hears so', async (t) => {
  const { memory, clock } = world(t);
  const failures: unknown[] = [];
  const commands = createCommands({
    reader: {
      ...memory.reader,
      follow(_tp, _from, follower) {
        queueMicrotask(() => follower.failed(new Error('damaged')));
        return { close() {} };
      },
    },
    group: 'g',
    topic: commandTopic,
    clock,
    logger: silentLogger,
    onFailed: (tp, error) => failures.push([tp, error]),
  });
  commands.follow([0]);
  await t.rejects(commandsFor(commands, commandTopic, 0).caughtUp(), { message: 'damaged' });
  t.match(failures, [[{ topic: commandTopic, partition: 0 }, { message: 'damaged' }]]);
});

import t from 'tap';
import { encodeCheckpoint } from '../../server/log/checkpoint.ts';
import { type LogReader, nameOf } from '../../server/log/ports.ts';
import { createGroupAverages } from '../../server/orders/group-averages.ts';
import { idOf } from '../../server/orders/order-fold.ts';
import { createGroupView } from '../../server/view/group-view.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { memoryLogs } from '../fixtures/memory-log.ts';
import { notingLogger } from '../fixtures/noting-logger.ts';
import { type OrderCheckpoint, someCheckpoint } from '../fixtures/orders.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { until } from '../fixtures/until.ts';

const checkpoints = { topic: 'g-checkpoints', partition: 0 };
const deadLetters = { topic: 'orders-dlq', partition: 0 };

function record(value: Buffer, timestamp = 1) {
  return { timestamp, key: null, value, headers: [] };
}

function checkpoint(change: Partial<OrderCheckpoint>) {
  return record(encodeCheckpoint(someCheckpoint({ nextOffset: 1, ...change })));
}

function world(reader?: LogReader, isOut = (_partition: number) => false) {
  const memory = memoryLogs();
  const failures: string[] = [];
  const averages = createGroupAverages(manualClock());
  const logger = notingLogger();
  const view = createGroupView({
    state: averages,
    idOf,
    reader: reader ?? memory.reader,
    group: 'g',
    checkpointTopic: checkpoints.topic,
    deadLetterTopic: deadLetters.topic,
    deadLetterBufferSize: 5,
    clock: manualClock(),
    isOut,
    logger,
    onCheckpoint() {},
    onFailed: (tp, error) => failures.push(`${nameOf(tp)}: ${(error as Error).message}`),
  });
  return { ...memory, view, averages, failures, logger };
}

t.test('changes say what became of each product since they were last taken', async (t) => {
  const { append, view, averages: group } = world();
  const tally = (count: number) => ({ count, low: count * 10, carry: 0 });
  append(checkpoints, [checkpoint({ averages: new Map([['a', tally(1)]]) })]);
  view.follow([0]);
  await view.caughtUp();
  t.same([...group.takeChanges()], ['a']);
  t.same([...group.takeChanges()], []);

  const averages = new Map([
    ['a', tally(1)],
    ['b', tally(2)],
  ]);
  append(checkpoints, [checkpoint({ nextOffset: 3, averages })]);
  await until(
    'the new head is there',
    async () => view.heads().get(0)?.nextOffset,
    (next) => next === 3,
  );
  await view.merge();
  t.same(group.total, tally(3));
  t.same([...group.takeChanges()], ['b']);
  view.close();
});

t.test('dead letters that nobody takes do not pile up', async (t) => {
  const { append, view } = world();
  view.follow([0]);
  await view.caughtUp();
  for (let n = 0; n < 100; n += 1) append(deadLetters, [record(Buffer.from('bad'))]);
  await until(
    'all are read',
    async () => view.newestDeadLetters(1)[0]?.offset,
    (newest) => newest === 99,
  );
  const { deadLetters: taken } = view.takeChanges();
  t.same(
    taken.map(({ offset }) => offset),
    [99, 98, 97, 96, 95],
  );
  t.same(view.takeChanges().deadLetters, []);
  view.close();
});

t.test('a checkpoint of another group is not shown', async (t) => {
  const { append, view, failures } = world();
  append(checkpoints, [checkpoint({ group: 'other' })]);
  view.follow([0]);
  await view.caughtUp();
  t.equal(view.heads().size, 0);
  t.match(failures, [/^g-checkpoints\[0\]: .* holds the state of group other, not of group g/]);
  view.close();
});

t.test('what is no checkpoint is passed over, with one warning for its partition', async (t) => {
  const { append, view, logger, failures } = world();
  append(checkpoints, [
    record(Buffer.from('foreign')),
    { ...record(Buffer.alloc(0)), value: null },
  ]);
  append(checkpoints, [checkpoint({ nextOffset: 3 }), record(Buffer.alloc(0))]);
  view.follow([0]);
  await view.caughtUp();
  t.equal(view.heads().get(0)?.nextOffset, 3);
  t.same(failures, []);
  t.match(logger.lines, [/^warn: .*no checkpoint is passed over/]);
  t.equal(logger.lines.length, 1);
  view.close();
});

t.test(
  'a checkpoint of a newer version, and nothing else, asks for the newer program',
  async (t) => {
    const { append, view, failures } = world();
    const newer = checkpoint({ nextOffset: 3 }).value;
    newer[0] = 4 << 1;
    append(checkpoints, [record(newer)]);
    view.follow([0]);
    await view.caughtUp();
    t.match(failures, [/^g-checkpoints\[0\]: checkpoint of version 4: .* start the newer one/]);
    view.close();
  },
);

t.test('products that cannot be read are told of, and a sound head goes on', async (t) => {
  const { append, view, averages: group, failures } = world();
  const averages = new Map([['a', { count: 1, low: 1, carry: 0 }]]);
  append(checkpoints, [checkpoint({ averages })]);
  const broken = checkpoint({ nextOffset: 2 });
  append(checkpoints, [{ ...broken, value: Buffer.concat([broken.value, Buffer.of(1, 2, 3)]) }]);
  view.follow([0]);
  await view.caughtUp();
  t.equal(group.averages.size, 0);
  t.match(failures, [
    /^g-checkpoints\[0\]: the state of \d+ bytes in a checkpoint cannot be decoded/,
  ]);
  append(checkpoints, [checkpoint({ nextOffset: 3, averages })]);
  await until(
    'a sound head is there',
    async () => {
      await view.merge();
      return group.total.count;
    },
    (count) => count === 1,
  );
  view.close();
});

t.test('a partition that nobody leads holds up no other', async (t) => {
  const memory = memoryLogs();
  const reader: LogReader = {
    ...memory.reader,
    bounds: (tp) => (tp.partition === 0 ? new Promise<never>(() => {}) : memory.reader.bounds(tp)),
  };
  let out = -1;
  const { view, failures } = world(reader, (partition) => partition === out);
  view.follow([0, 1]);
  const known = (partition: number, wanted: boolean) =>
    until(
      `the head of ${partition} is known, or is not`,
      async () => view.isCaughtUp(partition),
      (isKnown) => isKnown === wanted,
    );
  await known(1, true);
  t.notOk(view.isCaughtUp(0));
  t.notOk(view.known, 'what it holds may still be read');
  out = 0;
  t.ok(view.known, 'it cannot be read: the others are shown without it');
  memory.append({ ...checkpoints, partition: 1 }, [checkpoint({ group: 'other' })]);
  await known(1, false);
  t.equal(failures.length, 1, 'what cannot be followed any more is not known either');
  view.close();
});

t.test('a view that is closed reads nothing more, also when it has not caught up', async (t) => {
  const { reader } = memoryLogs();
  for (const waits of ['bounds', 'records'] as const) {
    const followed = new Set<string>();
    const failures: unknown[] = [];
    let answer = (_bounds: { low: number; high: number }) => {};
    const view = createGroupView({
      state: createGroupAverages(manualClock()),
      idOf,
      reader: {
        ...reader,
        bounds: () =>
          waits === 'records'
            ? Promise.resolve({ low: 0, high: 9 })
            : new Promise((resolve) => (answer = resolve)),
        follow(tp) {
          followed.add(nameOf(tp));
          return { close: () => void followed.delete(nameOf(tp)) };
        },
      },
      group: 'g',
      checkpointTopic: checkpoints.topic,
      deadLetterTopic: deadLetters.topic,
      deadLetterBufferSize: 5,
      clock: manualClock(),
      logger: silentLogger,
      onCheckpoint() {},
      onFailed: (_tp, error) => failures.push(error),
    });
    view.follow([0]);
    const caughtUp = view.caughtUp();
    await new Promise<void>((resolve) => setImmediate(resolve));
    t.equal(followed.size, waits === 'records' ? 2 : 0);
    view.close();
    answer({ low: 0, high: 9 });
    view.follow([1]);
    await t.rejects(caughtUp);
    t.same([...followed], []);
    t.same(failures, []);
  }
});

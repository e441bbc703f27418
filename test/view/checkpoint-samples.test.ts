import t, { type Test } from 'tap';
import { encodeCheckpoint } from '../../server/log/checkpoint.ts';
import type { Bounds } from '../../server/log/ports.ts';
import { createGroupAverages } from '../../server/orders/group-averages.ts';
import { createGroupView } from '../../server/view/group-view.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { memoryLogs } from '../fixtures/memory-log.ts';
import { someCheckpoint } from '../fixtures/orders.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { until } from '../fixtures/until.ts';

const topic = 'g-checkpoints';
const GARBAGE = { timestamp: 1, key: null, value: Buffer.from('no checkpoint'), headers: [] };

function checkpoint(nextOffset: number, owner = 'i1') {
  const value = encodeCheckpoint(someCheckpoint({ nextOffset, owner, group: 'g' }));
  return { timestamp: 1, key: null, value, headers: [] };
}

function world(t: Test) {
  const memory = memoryLogs();
  const clock = manualClock();
  const read: string[] = [];
  const failures: unknown[] = [];
  const silent = new Set<number>();
  const view = createGroupView({
    reader: memory.reader,
    samples: {
      reader: memory.reader,
      async ends(partitions) {
        const ends = new Map<number, Bounds | { error: string }>();
        for (let partition = 0; partition < partitions; partition += 1) {
          if (silent.has(partition)) ends.set(partition, { error: 'no leader' });
          else ends.set(partition, await memory.reader.bounds({ topic, partition }));
        }
        return ends;
      },
    },
    group: 'g',
    checkpointTopic: topic,
    deadLetterTopic: 'orders-dlq',
    deadLetterBufferSize: 5,
    state: createGroupAverages(clock),
    idOf: () => null,
    clock,
    logger: silentLogger,
    onCheckpoint: (partition, offset) => read.push(`${partition}-${offset}`),
    onFailed: (_tp, error) => failures.push(error),
  });
  t.teardown(() => view.close());
  return {
    ...{ memory, clock, view, failures, silent },
    append: (partition: number, ...records: ReturnType<typeof checkpoint>[]) => {
      for (const record of records) memory.append({ topic, partition }, [record]);
    },
    /** So many that the first look does not read them one by one; the next offset is that of the log. */
    appendMany(partition: number) {
      for (let next = 1; next <= 100; next += 1) {
        memory.append({ topic, partition }, [checkpoint(next)]);
      }
    },
    /** What was read since the last call. */
    takeRead: () => read.splice(0),
    /** Follows the partitions, and turns the clock until all is known. */
    async begin(...partitions: number[]) {
      view.follow(partitions);
      const caughtUp = view.caughtUp();
      await clock.advance(0);
      await caughtUp;
    },
    head: (partition: number) => view.heads().get(partition)?.nextOffset,
    async reach(partition: number, nextOffset: number) {
      const look = async () => view.heads().get(partition)?.nextOffset;
      await until('the head is there', look, (next) => next === nextOffset);
    },
  };
}

t.test('of a partition that runs elsewhere only the last checkpoint is read', async (t) => {
  const { append, appendMany, begin, takeRead, clock, reach } = world(t);
  appendMany(0);
  append(1, checkpoint(7));
  await begin(0, 1, 2);
  t.same(takeRead(), ['0-99', '1-0']);
  append(0, checkpoint(101), checkpoint(102));
  await clock.advance(1000);
  await reach(0, 102);
  t.same(takeRead(), ['0-101']);
  await clock.advance(30_000);
  t.same(takeRead(), [], 'nothing is read again');
});

t.test('while somebody looks, it is looked ten times as often', async (t) => {
  const { append, begin, clock, view, reach, head } = world(t);
  append(0, checkpoint(1));
  await begin(0);
  await clock.advance(600);
  append(0, checkpoint(2));
  await clock.advance(100);
  t.equal(head(0), 1, 'nobody looks');
  view.merge();
  await clock.advance(0);
  await reach(0, 2);
  append(0, checkpoint(3));
  view.merge();
  await clock.advance(100);
  await reach(0, 3);
});

t.test('after a change of owner what stands between is read', async (t) => {
  const { append, begin, clock, reach } = world(t);
  append(0, checkpoint(1));
  await begin(0);
  append(0, checkpoint(50), checkpoint(40, 'i2'));
  await clock.advance(1000);
  await reach(0, 50);
});

t.test('a record that is no checkpoint hides none', async (t) => {
  const { append, begin, clock, reach } = world(t);
  append(0, checkpoint(1));
  await begin(0);
  append(0, checkpoint(2), GARBAGE);
  await clock.advance(1000);
  await reach(0, 2);
});

t.test('of a partition that rests every checkpoint is read once', async (t) => {
  const { append, appendMany, begin, clock, head, reach, takeRead } = world(t);
  appendMany(0);
  append(0, checkpoint(40, 'i2'));
  await begin(0);
  t.equal(head(0), 40, 'a true word of another owner');
  t.same(takeRead(), ['0-100']);
  await clock.advance(100_000);
  await reach(0, 100);
  t.equal(takeRead().length, 101);
  await clock.advance(300_000);
  t.same(takeRead(), []);
});

t.test('a few checkpoints are read one by one at the beginning', async (t) => {
  const { append, begin, head } = world(t);
  append(0, checkpoint(50), checkpoint(40, 'i2'));
  await begin(0);
  t.equal(head(0), 50);
});

t.test('of a partition that runs here every checkpoint is read from the first', async (t) => {
  const { append, appendMany, begin, clock, view, reach, takeRead } = world(t);
  appendMany(0);
  await begin(0);
  t.same(takeRead(), ['0-99']);
  view.own([0]);
  append(0, checkpoint(101), checkpoint(102));
  await reach(0, 102);
  t.equal(takeRead().length, 102);
  view.own([]);
  append(0, checkpoint(103), checkpoint(104));
  await clock.advance(1000);
  await reach(0, 104);
});

t.test('a partition that is here before it is followed is read whole', async (t) => {
  const { append, begin, view, takeRead } = world(t);
  append(0, checkpoint(1), checkpoint(2));
  view.own([0]);
  await begin(0);
  t.same(takeRead(), ['0-0', '0-1']);
});

t.test('one without a leader holds up no other, and is read when it has one', async (t) => {
  const { append, begin, clock, silent, reach, view } = world(t);
  append(0, checkpoint(1));
  append(1, checkpoint(1));
  await begin(0, 1);
  silent.add(0);
  append(1, checkpoint(2));
  for (let second = 0; second < 3; second += 1) await clock.advance(1000);
  await reach(1, 2);
  append(0, checkpoint(2));
  await clock.advance(1000);
  await reach(0, 2);
  t.ok(view.isCaughtUp(0));
});

t.test('what cannot be shown is told once, and the others go on', async (t) => {
  const { append, begin, clock, failures, reach, view } = world(t);
  append(0, checkpoint(1));
  append(1, checkpoint(1));
  await begin(0, 1);
  const foreign = encodeCheckpoint(someCheckpoint({ nextOffset: 2, group: 'another' }));
  append(0, { ...checkpoint(2), value: foreign });
  append(1, checkpoint(2));
  await clock.advance(1000);
  await reach(1, 2);
  await clock.advance(5000);
  t.match(failures, [/holds the state of group another/]);
  t.equal(failures.length, 1);
  t.notOk(view.isCaughtUp(0));
});

t.test('a log that was created anew is read from its beginning', async (t) => {
  const { append, begin, clock, memory, takeRead, failures } = world(t);
  append(0, checkpoint(1), checkpoint(2), checkpoint(3));
  await begin(0);
  takeRead();
  memory.recreate(topic);
  append(0, checkpoint(9));
  await clock.advance(1000);
  await until(
    'it is read',
    async () => takeRead(),
    (read) => read.includes('0-0'),
  );
  t.same(failures, []);
});

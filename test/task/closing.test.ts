import t from 'tap';
import { AppError } from '../../server/errors.ts';
import type { PartitionTask } from '../../server/task/partition-task.ts';
import { createTasks } from '../../server/task/tasks.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { notingLogger } from '../fixtures/noting-logger.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { logs, order, taskWorld } from '../fixtures/task-world.ts';

const never = new Promise<never>(() => {});

/** Tasks that are only told what to do; `end` lets the closing of one come to its end. */
function fakeTasks() {
  const started: number[] = [];
  const closed: string[] = [];
  const ends: (() => void)[] = [];
  const tasks = createTasks({
    onTrim: () => {},
    createTask(partition) {
      let state: PartitionTask['state'] = 'RUNNING';
      return {
        get state() {
          return state;
        },
        nextOffset: 0,
        waiting: { inFlight: 0, retrying: 0, givenUp: 0 },
        waitingSince: null,
        start: () => void started.push(partition),
        readBack() {},
        trim: async () => {},
        close({ lastCheckpoint } = { lastCheckpoint: false }) {
          state = 'CLOSED';
          closed.push(`${partition}${lastCheckpoint ? ' with a last checkpoint' : ''}`);
          return new Promise((resolve) => ends.push(resolve));
        },
      };
    },
    clock: manualClock(),
    logger: silentLogger,
  });
  return { tasks, started, closed, end: () => ends.shift()?.() };
}

t.test('who joins while closing, or after it, starts nothing', async (t) => {
  const { tasks, started, closed, end } = fakeTasks();
  tasks.assign([0]);
  const closing = tasks.close();
  tasks.assign([0, 1]);
  end();
  await closing;
  tasks.assign([2]);
  t.same(started, [0]);
  t.same(closed, ['0 with a last checkpoint']);
});

t.test(
  'closing waits for those that were taken away before and are not at their end',
  async (t) => {
    const { tasks, end } = fakeTasks();
    tasks.assign([0]);
    tasks.assign([]);
    let ended = false;
    const closing = tasks.close().then(() => {
      ended = true;
    });
    await Promise.resolve();
    t.notOk(ended);
    end();
    await closing;
  },
);

t.test('a restore that is closed reads nothing more, and says nothing', async (t) => {
  for (const topic of [logs.checkpoints, logs.deadLetters, logs.orders].map((tp) => tp.topic)) {
    const { append, start, clock, reader } = taskWorld(t);
    append(logs.orders, [order('a'), order('b')]);
    const first = start(() => never);
    await clock.advance(1000);
    const closed = first.task.close();
    // So long its handler, which does not hear that it shall end, is waited for.
    await clock.advance(5000);
    await closed;
    append(logs.deadLetters, [{ timestamp: 1, key: null, value: null, headers: [] }]);
    const followed: string[] = [];
    const open = new Set<string>();
    const { task, failures } = start(() => void t.fail('no order may be handled'), {
      reader: {
        ...reader,
        follow(tp, from, follower) {
          followed.push(tp.topic);
          open.add(tp.topic);
          if (tp.topic !== topic) return reader.follow(tp, from, follower);
          void Promise.resolve().then(() => task.close());
          return { close: () => void open.delete(tp.topic) };
        },
      },
    });
    await clock.advance(1000);
    t.equal(followed.at(-1), topic, 'nothing is read after it');
    t.notOk(open.has(topic), 'and its following is closed');
    t.equal(task.state, 'CLOSED');
    t.same(failures, []);
  }
});

t.test('a restore that waits for Kafka ends when it is closed', async (t) => {
  const { start, reader } = taskWorld(t);
  for (const waits of ['bounds', 'topicId'] as const) {
    const { task, failures } = start(() => {}, { reader: { ...reader, [waits]: () => never } });
    await new Promise<void>((resolve) => setImmediate(resolve));
    await task.close({ lastCheckpoint: true });
    t.same(failures, []);
  }
});

t.test('a task that writes its last checkpoint gives it up when it is replaced', async (t) => {
  const { append, start, clock, writer } = taskWorld(t);
  append(logs.orders, [order('a')]);
  let appends = 0;
  const busy = Object.assign(new Error('no answer'), { retriable: true });
  const { task } = start(() => {}, {
    writer: {
      async append(...sent) {
        appends += 1;
        if (appends === 1) return writer.append(...sent);
        throw busy;
      },
    },
  });
  await clock.advance(1000);
  append(logs.orders, [order('b')]);
  await clock.advance(0);
  const first = task.close({ lastCheckpoint: true });
  await clock.advance(10_000);
  const before = appends;
  t.ok(before > 2, 'it tries again and again');
  const second = task.close();
  await clock.advance(10_000);
  await Promise.all([first, second]);
  t.ok(appends <= before + 1);
});

t.test(
  'a last checkpoint that Kafka does not answer is given up, and the log says so',
  async (t) => {
    for (const waits of ['append', 'topicId'] as const) {
      const { append, start, clock, reader, writer } = taskWorld(t);
      const logger = notingLogger();
      let isAway = false;
      const { task } = start(() => {}, {
        logger,
        reader: {
          ...reader,
          topicId: (topic) => (isAway && waits === 'topicId' ? never : reader.topicId(topic)),
        },
        writer: {
          append: (...sent) => (isAway && waits === 'append' ? never : writer.append(...sent)),
        },
      });
      await clock.advance(1000);
      isAway = true;
      append(logs.orders, [order('a')]);
      await clock.advance(0);
      const closed = task.close({ lastCheckpoint: true });
      await clock.advance(3000);
      await closed;
      t.match(logger.lines, [/^warn: the last checkpoint was not written/], waits);
    }
  },
);

t.test('a last checkpoint that Kafka refuses is told in the log', async (t) => {
  const { append, start, clock, writer } = taskWorld(t);
  const logger = notingLogger();
  let refuses = false;
  const { task, failures } = start(() => {}, {
    logger,
    writer: {
      async append(...sent) {
        if (refuses) throw new AppError('RECORD_TOO_LARGE', 'too large', false);
        return writer.append(...sent);
      },
    },
  });
  await clock.advance(1000);
  append(logs.orders, [order('a')]);
  await clock.advance(0);
  append(logs.orders, [order('b')]);
  await clock.advance(0);
  refuses = true;
  await task.close({ lastCheckpoint: true });
  t.match(logger.lines, [/^error: a task failed while it was closing/]);
  t.same(failures, [], 'it was closed already');
});

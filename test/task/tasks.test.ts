import t from 'tap';
import type { PartitionTask, TaskState } from '../../server/task/partition-task.ts';
import { createTasks } from '../../server/task/tasks.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

const ONCE_A_MINUTE = 60_000;

/** Tasks whose state and trims are in the hands of the test. */
function world() {
  const clock = manualClock();
  const states = new Map<number, TaskState>();
  const failers = new Map<number, (error: unknown) => void>();
  const trims: [number, unknown][] = [];
  let trim = async () => {};
  let nextOffset: number | null = 7;
  const createTask = (partition: number, onFailed: (error: unknown) => void): PartitionTask => {
    states.set(partition, 'CREATED');
    failers.set(partition, onFailed);
    return {
      get state() {
        return states.get(partition)!;
      },
      get nextOffset() {
        return nextOffset;
      },
      waiting: { inFlight: 0, retrying: 0, givenUp: 0 },
      waitingSince: null,
      start: () => void states.set(partition, 'RUNNING'),
      readBack() {},
      trim: () => trim(),
      async close() {
        states.set(partition, 'CLOSED');
      },
    };
  };
  const tasks = createTasks({
    createTask,
    clock,
    logger: silentLogger,
    onTrim: (partition, error) => trims.push([partition, error]),
  });
  return {
    tasks,
    clock,
    states,
    failers,
    trims,
    standAt: (offset: number | null) => {
      nextOffset = offset;
    },
    setTrim: (next: () => Promise<void>) => (trim = next),
  };
}

t.test(
  'a task that closed itself is fenced until the next join, one that failed is not',
  async (t) => {
    const { tasks, states, failers } = world();
    tasks.assign([0, 1, 2]);
    states.set(1, 'CLOSED');
    states.set(2, 'CLOSED');
    failers.get(2)!(new Error('damaged'));
    t.match(tasks.status(), { fenced: [1], failures: [{ partition: 2, reason: 'damaged' }] });
    tasks.assign([0, 1, 2]);
    const waiting = [0, 1, 2].map((partition) => ({
      partition,
      inFlight: 0,
      retrying: 0,
      givenUp: 0,
    }));
    t.same(tasks.status(), { restoring: [], failures: [], fenced: [], waiting });
    await tasks.close();
  },
);

t.test('how a trim ended is told, and forgotten with its partition', async (t) => {
  const { tasks, clock, trims, setTrim } = world();
  tasks.assign([0]);
  const denied = new Error('denied');
  setTrim(() => Promise.reject(denied));
  await clock.advance(ONCE_A_MINUTE);
  t.same(trims, [[0, denied]]);
  setTrim(async () => {});
  await clock.advance(ONCE_A_MINUTE);
  t.same(trims.slice(1), [[0, null]]);
  tasks.assign([]);
  t.same(trims.slice(2), [[0, null]]);
  await tasks.close();
});

t.test('a trim that fails after its partition has gone says nothing of it', async (t) => {
  const { tasks, clock, trims, setTrim } = world();
  tasks.assign([0]);
  let fail = (_error: Error) => {};
  setTrim(() => new Promise((_resolve, reject) => (fail = reject)));
  await clock.advance(ONCE_A_MINUTE);
  tasks.assign([]);
  fail(new Error('too late'));
  await clock.advance(0);
  t.same(
    trims.map(([, error]) => error),
    [null, null],
  );
  await tasks.close();
});

t.test(
  'a stopped partition goes on from a head beyond where it stopped, and from no other',
  async (t) => {
    const stampAt = (nextOffset: number) => ({
      version: 2,
      group: 'g',
      nextOffset,
      deadLetterOffset: 0,
      generation: -1,
      ownerStartedAt: 0,
      owner: 'somebody',
      pendingCount: 0,
      base: -1,
    });
    for (const [title, stoppedAt] of [
      ['while it ran', 7],
      ['in its restore', null],
    ] as const) {
      const { tasks, states, failers, standAt } = world();
      tasks.assign([0]);
      tasks.readBack(0, 1, stampAt(7), true);
      standAt(stoppedAt);
      states.set(0, 'CLOSED');
      failers.get(0)!(new Error('damaged'));
      tasks.readBack(0, 2, stampAt(7), true);
      t.equal(tasks.status().failures.length, 1, `${title}: the head is where it was`);
      tasks.readBack(0, 3, stampAt(9), false);
      t.equal(tasks.status().failures.length, 1, `${title}: this one is not the head`);
      tasks.readBack(0, 4, stampAt(8), true);
      t.same(tasks.status().failures, [], `${title}: somebody has led it on`);
      t.equal(states.get(0), 'RUNNING');
      await tasks.close();
    }
  },
);

import { runInNewContext } from 'node:vm';
import t from 'tap';
import { logs, order, taskWorld } from '../fixtures/task-world.ts';

type Settle = (resolve: () => void, reject: (error: unknown) => void) => void;

/** Of a promise library, which knows nothing of ours. */
function thenable(settle: Settle): PromiseLike<void> {
  return Object.fromEntries([['then', settle]]) as never;
}

t.test('a thenable is awaited as a promise is', async (t) => {
  const { append, start, clock, checkpoint } = taskWorld(t);
  append(
    logs.orders,
    ['waits', 'twice', 'throws', 'rejects'].map((id) => order(id)),
  );
  let finish = () => {};
  const { failures } = start(({ orderId }, { attempt }) => {
    if (attempt > 1) return undefined;
    return thenable((resolve, reject) => {
      if (orderId === 'waits') finish = resolve;
      if (orderId === 'twice') {
        resolve();
        resolve();
        reject(new Error('too late'));
      }
      if (orderId === 'throws') throw new Error('inside');
      if (orderId === 'rejects') reject(new Error('busy'));
    });
  });
  await clock.advance(200);
  t.match(await checkpoint(), {
    counts: [['Item1', 1]],
    pending: [
      { offset: 0, attempts: 0 },
      { offset: 2, attempts: 1, error: 'inside' },
      { offset: 3, attempts: 1, error: 'busy' },
    ],
  });
  finish();
  await clock.advance(5000);
  t.match(await checkpoint(), { counts: [['Item1', 4]], pending: [] });
  t.same(failures, []);
});

t.test('a programmer error of another realm stops the task', async (t) => {
  const { append, start, clock, read } = taskWorld(t);
  append(logs.orders, [order('a')]);
  const { task, failures } = start(() => runInNewContext('null.x'));
  await clock.advance(1000);
  t.equal(task.state, 'CLOSED');
  t.match(failures, [{ name: 'TypeError' }]);
  t.same(await read(logs.deadLetters), []);
});

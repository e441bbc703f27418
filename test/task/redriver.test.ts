import t, { type Test } from 'tap';
import { PermanentError, TransientError } from '../../server/errors.ts';
import { redriveOf as redriveIn } from '../../server/log/redrive.ts';
import type { OrderHandler } from '../../server/orders/order-handler.ts';
import { commandWorld, redriveOf } from '../fixtures/commands.ts';
import type { OrderTaskDeps } from '../fixtures/orders.ts';
import { logs, order, taskWorld } from '../fixtures/task-world.ts';

/** A partition with so many dead letters; handlers do well from then on, but for those named. */
async function withLetters(t: Test, count: number) {
  const world = taskWorld(t);
  const commands = commandWorld(t, { clock: world.clock, memory: world });
  const { append, clock, read } = world;
  const failing = new Set<string>();
  /** At the first attempt only. */
  const busy = new Set<string>();
  let broken = true;
  const handle: OrderHandler = ({ orderId }, { attempt }) => {
    if (busy.has(orderId) && attempt === 1) throw new TransientError('busy');
    if (broken || failing.has(orderId)) throw new PermanentError('no such account');
  };
  const startOne = (overrides: Partial<OrderTaskDeps> = {}) =>
    world.start(handle, { commands: commands.follow().forTask(), ...overrides });
  const orders = Array.from({ length: count }, (_, i) => order(`o${i}`));
  if (count > 0) append(logs.orders, orders);
  const first = startOne();
  await clock.advance(500);
  broken = false;
  return {
    ...world,
    commands,
    failing,
    busy,
    startOne,
    ...first,
    /** Which dead letters are orders again, in the order in which they were sent. */
    async sent(): Promise<number[]> {
      const all = await read(logs.orders);
      return all.flatMap(({ headers }) => redriveIn(headers)?.deadLetter ?? []);
    },
    async ends() {
      return (await commands.read()).filter(({ kind }) => kind === 'closed');
    },
  };
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

t.test(
  'selected letters are orders again, once each, and what became of them is told',
  async (t) => {
    const { clock, commands, failing, sent, ends, checkpoint, failures } = await withLetters(t, 20);
    failing.add('o3');
    const id = commands.write(redriveOf([1, 3, 7]));
    await clock.advance(2000);
    t.same(await sent(), [1, 3, 7]);
    t.match(await checkpoint(), {
      deadLettered: 21,
      counts: [['Item1', 2]],
      commands: [{ id, seen: 3, failedAgain: 1, waiting: [] }],
    });
    t.match(await ends(), [{ id, outcome: 'done', seen: 3, failedAgain: 1, why: '' }]);
    t.same(failures, []);
  },
);

t.test(
  'the record is the letter byte for byte, with the headers that say what it is',
  async (t) => {
    const { clock, commands, append, read } = await withLetters(t, 0);
    const foreign = [
      { key: Buffer.from('trace'), value: Buffer.from([0, 255]) },
      { key: Buffer.from('trace'), value: null },
    ];
    append(logs.orders, [{ ...order('x'), value: Buffer.from([1, 2, 3]), headers: foreign }]);
    await clock.advance(500);
    const id = commands.write(redriveOf([0]), { by: 'grace' });
    await clock.advance(2000);
    const [original, again] = await read(logs.orders);
    t.same(again?.key, original?.key);
    t.same(again?.value, original?.value);
    t.same(again?.headers.slice(0, 2), foreign);
    t.match(redriveIn(again!.headers), {
      group: 'g',
      deadLetter: 0,
      origin: 0,
      id,
      count: 1,
      by: 'grace',
    });
  },
);

t.test('a filter takes what stood there when it was frozen', async (t) => {
  const { clock, commands, sent } = await withLetters(t, 10);
  commands.write(redriveOf({ below: 6 }));
  await clock.advance(2000);
  t.same(await sent(), upTo(6));
});

t.test('two commands that overlap send each letter once', async (t) => {
  const { clock, commands, sent, ends, checkpoint } = await withLetters(t, 10);
  commands.write(redriveOf({ below: 8 }));
  commands.write(redriveOf({ below: 10 }));
  await clock.advance(2000);
  t.same(
    (await sent()).sort((a, b) => a - b),
    upTo(10),
  );
  t.match(await checkpoint(), { counts: [['Item1', 10]], copies: 0 });
  t.match(await ends(), [{ outcome: 'done' }, { outcome: 'done', why: '8 were redriven already' }]);
});

t.test('whoever goes on after a crash sends what was not seen, and nothing twice', async (t) => {
  const { clock, commands, startOne, task, sent, ends, checkpoint } = await withLetters(t, 10);
  await task.close();
  const second = startOne();
  commands.write(redriveOf({ below: 10 }, { rate: 20 }));
  await clock.advance(200);
  await second.task.close();
  const before = (await sent()).length;
  t.ok(before > 0 && before < 10, `${before} sent before`);
  startOne();
  await clock.advance(10_000);
  t.same(await sent(), upTo(10));
  t.match(await checkpoint(), { counts: [['Item1', 10]], copies: 0 });
  t.match(await ends(), [{ outcome: 'done', seen: 10, failedAgain: 0 }]);
});

t.test('an append of which the answer was lost is repeated, and counts once', async (t) => {
  const world = await withLetters(t, 10);
  const { clock, commands, startOne, task, writer, sent, checkpoint } = world;
  await task.close();
  let lost = false;
  startOne({
    writer: {
      async append(tp, ...rest) {
        const offset = await writer.append(tp, ...rest);
        if (tp.topic === 'orders' && !lost) {
          lost = true;
          throw new TransientError('no answer');
        }
        return offset;
      },
    },
  });
  commands.write(redriveOf({ below: 10 }));
  await clock.advance(5000);
  t.equal((await sent()).length, 20);
  t.match(await checkpoint(), { counts: [['Item1', 10]], copies: 10 });
});

t.test('the rate is kept', async (t) => {
  const { clock, commands, sent } = await withLetters(t, 100);
  commands.write(redriveOf({ below: 100 }, { rate: 20 }));
  await clock.advance(0);
  for (let second = 1; second <= 4; second += 1) {
    await clock.advance(1000);
    const { length } = await sent();
    t.ok(length <= 20 * second + 2 && length >= 20 * second - 2, `${length} in ${second} s`);
  }
});

t.test('nothing is sent before its time, and cancelled by then never', async (t) => {
  const { clock, commands, sent, ends } = await withLetters(t, 10);
  const notBefore = clock.now() + 5000;
  commands.write(redriveOf([1], { notBefore }));
  const id = commands.write(redriveOf([2], { notBefore }));
  await clock.advance(4900);
  t.same(await sent(), []);
  commands.write({ kind: 'cancel' }, { id });
  await clock.advance(2000);
  t.same(await sent(), [1]);
  t.match(await ends(), [
    { id, outcome: 'cancelled', seen: 0, failedAgain: 0 },
    { outcome: 'done', seen: 1 },
  ]);
});

t.test(
  'a cancel in the middle ends the sending, and the rest can be sent by another',
  async (t) => {
    const { clock, commands, busy, sent, ends, checkpoint } = await withLetters(t, 100);
    busy.add('o48');
    const id = commands.write(redriveOf({ below: 100 }, { rate: 50 }));
    await clock.advance(1000);
    commands.write({ kind: 'cancel' }, { id });
    await clock.advance(100);
    t.same(await ends(), [], 'one of them waits for its next attempt');
    const { length } = await sent();
    t.ok(length > 40 && length < 60, `${length} sent`);
    await clock.advance(60_000);
    t.equal((await sent()).length, length);
    t.match(await ends(), [{ id, outcome: 'cancelled', seen: length, failedAgain: 0 }]);
    commands.write(redriveOf({ below: 100 }));
    await clock.advance(2000);
    t.same(
      (await sent()).sort((a, b) => a - b),
      upTo(100),
    );
    t.match(await checkpoint(), { counts: [['Item1', 100]], copies: 0 });
  },
);

t.test('nothing is sent while the partition is paused', async (t) => {
  const { clock, commands, sent } = await withLetters(t, 10);
  commands.write({ kind: 'pause', breaker: false });
  commands.write(redriveOf({ below: 10 }));
  await clock.advance(10_000);
  t.same(await sent(), []);
  commands.write({ kind: 'resume' });
  await clock.advance(1000);
  t.same(await sent(), upTo(10));
});

t.test(
  'whoever comes after a cancel that nobody closed closes it, and sends nothing',
  async (t) => {
    const { clock, commands, task, startOne, sent, ends } = await withLetters(t, 10);
    await task.close();
    const id = commands.write(redriveOf({ below: 10 }));
    commands.write({ kind: 'cancel' }, { id });
    startOne();
    await clock.advance(1000);
    t.same(await sent(), []);
    t.match(await ends(), [{ id, outcome: 'cancelled', seen: 0 }]);
  },
);

t.test('what was stopped in another partition is closed in this one', async (t) => {
  const world = await withLetters(t, 100);
  const { clock, commands, task, startOne, sent, ends } = world;
  await task.close();
  startOne({ commands: commands.follow([0, 1]).forTask() });
  const id = commands.write(redriveOf({ below: 100 }, { rate: 50 }));
  commands.write(redriveOf([1]), { id }, 1);
  await clock.advance(500);
  commands.write({ kind: 'closed', outcome: 'stopped', seen: 1, failedAgain: 1 }, { id }, 1);
  await clock.advance(1000);
  const { length } = await sent();
  t.ok(length > 0 && length < 100, `${length} sent`);
  t.match(await ends(), [{ id, outcome: 'stopped', seen: length, why: '' }]);
});

t.test('a canary that does well lets four times as many follow, and then the rest', async (t) => {
  const { clock, commands, busy, sent, ends } = await withLetters(t, 100);
  busy.add('o3');
  commands.write(redriveOf({ below: 100 }, { canary: { count: 4, maxFailed: 0 } }));
  await clock.advance(400);
  t.equal((await sent()).length, 4);
  await clock.advance(10_000);
  t.equal((await sent()).length, 100);
  t.match(await ends(), [{ outcome: 'done', seen: 100 }]);
});

t.test('a canary that fails again stops, with words', async (t) => {
  const { clock, commands, failing, sent, ends } = await withLetters(t, 100);
  failing.add('o5').add('o6');
  commands.write(redriveOf({ below: 100 }, { canary: { count: 4, maxFailed: 0.05 } }));
  await clock.advance(60_000);
  t.equal((await sent()).length, 20, 'the first four and the sixteen after them');
  t.match(await ends(), [
    { outcome: 'stopped', seen: 20, failedAgain: 2, why: '2 of 20 failed again, more than 5 %' },
  ]);
});

t.test('a letter that was redriven too often is left out, unless it is named', async (t) => {
  const { clock, commands, failing, sent, ends } = await withLetters(t, 1);
  failing.add('o0');
  for (let life = 0; life < 3; life += 1) {
    commands.write(redriveOf({ below: life + 1 }, { maxRedrives: 2 }));
    await clock.advance(2000);
  }
  t.same(await sent(), [0, 1]);
  t.match((await ends())[2], { why: '2 were redriven already; 1 were redriven too often' });
  commands.write(redriveOf([2], { maxRedrives: 2 }));
  await clock.advance(2000);
  t.same(await sent(), [0, 1, 2]);
});

t.test('an edited value takes the place of the old one', async (t) => {
  const { clock, commands, append, checkpoint } = await withLetters(t, 0);
  append(logs.orders, [{ ...order('x'), value: Buffer.from([1]) }]);
  await clock.advance(500);
  const { value } = order('x', 25);
  commands.write(redriveOf([0], { value }));
  await clock.advance(2000);
  t.match(await checkpoint(), { counts: [['Item1', 1]], deadLettered: 1 });
});

t.test('letters that are not ours are left out, those that are gone are told of', async (t) => {
  const { clock, commands, append, deleteBelow, sent, ends } = await withLetters(t, 5);
  append(logs.deadLetters, [order('foreign')]);
  deleteBelow(logs.deadLetters, 5);
  commands.write(redriveOf([1, 2, 5]));
  await clock.advance(2000);
  t.same(await sent(), []);
  t.match(await ends(), [{ outcome: 'done', why: '1 cannot be sent; 2 are there no more' }]);
});

t.test('a record that orders refuses is told of, and the others go', async (t) => {
  const world = await withLetters(t, 10);
  const { clock, commands, startOne, task, writer, sent, ends } = world;
  await task.close();
  const { AppError } = await import('../../server/errors.ts');
  startOne({
    writer: {
      append(tp, records, ...rest) {
        const refused = records.some(({ key }) => key?.toString() === 'o4');
        if (tp.topic !== 'orders' || !refused) return writer.append(tp, records, ...rest);
        return Promise.reject(new AppError('RECORD_TOO_LARGE', 'too large for orders', false));
      },
    },
  });
  commands.write(redriveOf({ below: 10 }));
  await clock.advance(5000);
  t.same(await sent(), [0, 1, 2, 3, 5, 6, 7, 8, 9]);
  t.match(await ends(), [{ outcome: 'done', why: '1 are refused: too large for orders' }]);
});

t.test('two owners at once send copies, and each order counts once', async (t) => {
  const { clock, commands, startOne, sent, checkpoint } = await withLetters(t, 10);
  startOne();
  await clock.advance(500);
  commands.write(redriveOf({ below: 10 }));
  await clock.advance(5000);
  const { length } = await sent();
  t.ok(length > 10, `${length} sent`);
  t.match(await checkpoint(), { counts: [['Item1', 10]], deadLettered: 10, copies: length - 10 });
});

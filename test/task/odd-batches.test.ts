import { gzipSync } from 'node:zlib';
import t from 'tap';
import { TransientError } from '../../server/errors.ts';
import type { LogWriter } from '../../server/log/ports.ts';
import { sumOf } from '../../server/orders/averages.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { taskLogs, taskWorld } from '../fixtures/task.ts';
import { type CraftedRecord, craftBatch, oddDeltas } from '../record-batch/crafted.ts';

const order = (orderId: string) => encodeSomeOrder({ orderId, product: 'Item1', price: 10 });
const gzip = { attributes: 1, compress: (body: Buffer) => gzipSync(body, { level: 1 }) };
const MiB = 1024 * 1024;

const textOf = (headers: readonly { key: Buffer; value: Buffer | null }[], name: string) =>
  String(headers.find(({ key }) => String(key) === name)?.value);

t.test(
  'a record too large to be kept is one dead letter, and its 70 MiB batch is counted',
  async (t) => {
    const { memory, clock, createTask, checkpoint } = taskWorld(t);
    const small = (n: number): CraftedRecord => ({ value: order(`${n}`) });
    const filling = { value: Buffer.concat([order('filling'), Buffer.alloc(MiB)]) };
    const huge = { key: Buffer.from('huge'), value: Buffer.alloc(40 * MiB) };
    const fillings = Array.from({ length: 30 }, (_, n) => [small(n), filling]).flat();
    memory.appendBatch(taskLogs.orders, craftBatch([...fillings, huge, small(30)], gzip));
    const { task, failures } = createTask();
    task.start();
    await settled(clock, async () => (await checkpoint()).deadLettered === 31);
    t.same(failures, []);
    const { nextOffset, pending, averages, gaps } = await checkpoint();
    t.same({ nextOffset, pending, gaps }, { nextOffset: 62, pending: [], gaps: 0 });
    t.equal(averages.get('Item1')!.count, 31);
    const letter = (await memory.read(taskLogs.deadLetters)).at(-1)!;
    t.equal(
      textOf(letter.headers, 'errorReason'),
      'TOO_BIG: the value has 41943040 bytes, at most 65536 are read',
    );
    t.same(letter.key, huge.key);
  },
);

t.test('records with odd offsets or broken insides are counted once or dead letters', async (t) => {
  const { memory, clock, createTask, checkpoint } = taskWorld(t);
  for (const deltas of oddDeltas) {
    const records = deltas.map((delta, n) => ({ delta, value: order(`${n}`) }));
    memory.appendBatch(taskLogs.orders, craftBatch(records));
  }
  memory.appendBatch(taskLogs.orders, craftBatch([{ value: order('x'), headerCount: -2 }]));
  const count = oddDeltas.length * 3 + 1;
  const { task, failures } = createTask();
  task.start();
  await clock.advance(2000);
  t.same(failures, []);
  const { nextOffset, deadLettered, averages, pending } = await checkpoint();
  t.same({ nextOffset, pending }, { nextOffset: count, pending: [] });
  const { count: counted } = averages.get('Item1')!;
  t.equal(counted + deadLettered, count);
  t.equal(sumOf(averages.get('Item1')!), BigInt(counted) * 100_000n);
  const letters = await memory.read(taskLogs.deadLetters);
  t.ok(
    letters.every(({ headers }) =>
      textOf(headers, 'errorReason').startsWith('MALFORMED: the record itself: '),
    ),
  );
  t.same(letters.at(-1)!.value, order('x'), 'with what could be read');
});

t.test('a flawed record that waits is still flawed after a restart', async (t) => {
  const { memory, clock, createTask, checkpoint } = taskWorld(t);
  memory.appendBatch(taskLogs.orders, craftBatch([{ value: order('x'), headerCount: -2 }]));
  const writer: LogWriter = {
    async append(tp, records) {
      if (tp.topic === taskLogs.deadLetters.topic) throw new TransientError('away');
      return memory.writer.append(tp, records);
    },
  };
  const first = createTask({ writer });
  first.task.start();
  await clock.advance(1000);
  t.match(await checkpoint(), { nextOffset: 1, pending: [{ offset: 0 }] });
  await first.task.close();
  createTask().task.start();
  await clock.advance(1000);
  t.match(await checkpoint(), { deadLettered: 1, pending: [], averages: new Map() });
  const [letter] = await memory.read(taskLogs.deadLetters);
  t.match(textOf(letter!.headers, 'errorReason'), /^MALFORMED: the record itself: -2 headers/);
});

/** Lets time pass, and real work be done, until something is so. */
async function settled(
  clock: { advance(ms: number): Promise<void> },
  isSo: () => Promise<boolean>,
) {
  for (let turns = 0; ; turns++) {
    await clock.advance(20);
    if (turns % 50 === 0 && (await isSo().catch(() => false))) return;
  }
}

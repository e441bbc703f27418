import t, { type Test } from 'tap';
import type { RedriveRequest } from '../../server/http/commands.ts';
import type { LogReader } from '../../server/log/ports.ts';
import { createCommandBook } from '../../server/service/command-book.ts';
import { createCommandDesk } from '../../server/service/commands.ts';
import { createSelect } from '../../server/service/selecting.ts';
import { createChooser } from '../../server/view/letter-choice.ts';
import { commandTopic, commandWorld } from '../fixtures/commands.ts';
import { someLetter } from '../fixtures/dead-letters.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { memoryLogs } from '../fixtures/memory-log.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

const who = { by: 'ada', from: '::1' };
const request: RedriveRequest = {
  selection: { filter: {} },
  rate: 50,
  notBefore: 0,
  canary: null,
  maxRedrives: 3,
  value: null,
  why: 'mended',
};

/** Two partitions with 30 and 10 letters, of whose orders those of the first five are redriven. */
async function withDesk(t: Test, kafka: Partial<Pick<LogReader, 'follow' | 'bounds'>> = {}) {
  const clock = manualClock();
  const memory = memoryLogs();
  const world = commandWorld(t, { clock, memory });
  for (const [partition, count] of [30, 10].entries()) {
    const letters = Array.from({ length: count }, (_, origin) =>
      someLetter({ origin, partition, text: 'PERMANENT: no account' }),
    );
    memory.append({ topic: 'orders-dlq', partition }, letters);
  }
  const { commands } = world.follow([0, 1]);
  await Promise.all([commands.caughtUp(0), commands.caughtUp(1)]);
  const book = createCommandBook({ commands, heads: () => new Map(), now: clock.now });
  const desk = createCommandDesk({
    group: 'g',
    topic: commandTopic,
    commands,
    book,
    select: createSelect({
      reader: { ...memory.reader, ...kafka },
      topic: 'orders-dlq',
      partitions: () => 2,
      choose: createChooser({ group: 'g', topic: 'orders' }),
      redriven: async () => ({ has: (origin) => origin < 5 }),
      clock,
    }),
    partitions: () => 2,
    writer: memory.writer,
    clock,
    logger: silentLogger,
  });
  return { ...world, clock, memory, desk, book };
}

t.test('a preview counts, and writes nothing', async (t) => {
  const { desk, read } = await withDesk(t);
  t.match(await desk.preview(request), {
    selected: 30,
    alreadyRedriven: 10,
    byPartition: [
      { partition: 0, selected: 25, alreadyRedriven: 5 },
      { partition: 1, selected: 5, alreadyRedriven: 5 },
    ],
    sample: [{ partition: 0, offset: 5 }],
  });
  t.same(await read(), []);
});

t.test('each partition gets its share of the rate and of the canary, under one id', async (t) => {
  const { desk, book, read } = await withDesk(t);
  const canary = { count: 12, maxFailed: 0.1 };
  const { id, selected } = await desk.redrive({ ...request, rate: 60, canary }, who);
  t.equal(selected, 30);
  t.match(await read(0), [
    { id, rate: 50, canary: { count: 10 }, selected: 25, selection: { below: 30 } },
  ]);
  t.match(await read(1), [
    { id, rate: 10, canary: { count: 2 }, selected: 5, selection: { below: 10 } },
  ]);
  t.match(book.redrive(id), { state: 'sending', selected: 30, request: { rate: 60, canary } });
});

t.test(
  'a letter that is not there is refused with the reason, and nothing is written',
  async (t) => {
    const { desk, memory, read } = await withDesk(t);
    memory.deleteBelow({ topic: 'orders-dlq', partition: 0 }, 3);
    const named = (partition: number, offset: number) =>
      desk.redrive({ ...request, selection: { places: [{ partition, offset }] } }, who);
    await t.rejects(named(0, 2), {
      code: 'UNKNOWN_LETTER',
      message: /0-2: retention has taken it/,
    });
    await t.rejects(named(0, 30), {
      code: 'UNKNOWN_LETTER',
      message: /0-30: it was never written/,
    });
    await t.rejects(named(2, 0), { code: 'UNKNOWN_LETTER', message: /no partition 2/ });
    await t.rejects(named(0, 4), { code: 'NOTHING_SELECTED', message: /1 are redriven already/ });
    const none = { ...request, selection: { filter: { code: 'EMPTY' } } };
    await t.rejects(desk.redrive(none, who), {
      code: 'NOTHING_SELECTED',
      message: /no dead letter/,
    });
    t.same(await read(), []);
  },
);

t.test('what is out of its bounds is refused before anything is written', async (t) => {
  const { desk, read } = await withDesk(t);
  await t.rejects(desk.redrive({ ...request, maxRedrives: 0 }, who), { code: 'BAD_COMMAND' });
  await t.rejects(desk.redrive({ ...request, rate: -1 }, who), { code: 'BAD_COMMAND' });
  await t.rejects(desk.redrive({ ...request, value: Buffer.from('x') }, who), {
    code: 'BAD_COMMAND',
  });
  t.same([...(await read(0)), ...(await read(1))], []);
});

t.test('only partitions that are not so yet are paused or resumed', async (t) => {
  const { desk, book } = await withDesk(t);
  const why = 'maintenance';
  t.same(await desk.setPaused(true, { partitions: [1], why }, who), [1]);
  t.same(await desk.setPaused(true, { partitions: null, why }, who), [0]);
  t.match(book.paused(), [
    { partition: 0, by: 'ada', why, breaker: false },
    { partition: 1, by: 'ada', why, breaker: false },
  ]);
  t.same(await desk.setPaused(false, { partitions: [0, 0], why }, who), [0]);
  await t.rejects(desk.setPaused(true, { partitions: [2], why }, who), {
    code: 'UNKNOWN_PARTITION',
  });
  t.match(book.paused(), [{ partition: 1 }]);
});

t.test('when the letters cannot be read in time nothing is written, then or later', async (t) => {
  let answer = () => {};
  const late = new Promise<{ low: number; high: number }>((resolve) => {
    answer = () => resolve({ low: 0, high: 30 });
  });
  const silent: Partial<LogReader>[] = [{ bounds: () => late }, { follow: () => ({ close() {} }) }];
  for (const kafka of silent) {
    const { desk, clock, read } = await withDesk(t, kafka);
    const asked = [desk.redrive(request, who), desk.preview(request)];
    const refused = asked.map((each) =>
      t.rejects(each, { code: 'NOT_READ', message: /try again/ }),
    );
    await new Promise(setImmediate);
    clock.advance(12_000);
    await Promise.all(refused);
    answer();
    await new Promise(setImmediate);
    t.same([...(await read(0)), ...(await read(1))], []);
  }
});

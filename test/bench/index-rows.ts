// The index of dead letters: how fast it is built, what it holds, and how fast it answers.
import { systemClock as clock } from '../../server/log/clock.ts';
import { createSlices, type Steps } from '../../server/log/slices.ts';
import { walk } from '../../server/log/walk.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import {
  createDeadLetterIndex,
  type DeadLetterIndex,
} from '../../server/view/dead-letter-index.ts';
import { createLetterFields } from '../../server/view/letter-fields.ts';
import { someLetter } from '../fixtures/dead-letters.ts';
import { cpuMs, measure, type Row, row } from './turns.ts';

const BATCH = 1500;
const ROUNDS = 20;
const WARM_UP = 20_000;

/** The same reason again and again would flatter every cache: each letter has one of its own. */
const REASONS = [
  (n: number) => `RETRIES_EXHAUSTED: payment ${n} was not answered in ${n % 977} ms`,
  (n: number) => `PRICE_NEGATIVE: price is -${n % 50}.5`,
  () => 'PERMANENT: no such product',
];

export function letterBatch(first: number, count: number, partition: number): Buffer {
  const records = Array.from({ length: count }, (_, i) => {
    const origin = (first + i) * 2;
    return someLetter({ origin, partition, text: REASONS[(first + i) % 3]!(first + i) });
  });
  return encodeBatch(records, { baseOffset: first });
}

/** Rows of an index of so many letters. */
export async function indexRows(letters: number, partitions: number): Promise<Row[]> {
  // The first letters are the compiler's.
  await build(createDeadLetterIndex(), WARM_UP, 1);
  const index = createDeadLetterIndex();
  const before = memory();
  const { cost, longestTurn } = await build(index, letters, partitions);
  const held = memory() - before;
  const all = index.size().held;
  return [
    row('index, letters a CPU second', (all / cost) * 1000, { least: 300_000 }),
    row(`index of ${all.toLocaleString('en')} letters, MiB`, held / 2 ** 20, { most: 64 }),
    row('index, longest turn while it is built, CPU ms', longestTurn, { most: 15 }),
    ...(await answers(index, letters / partitions, partitions)),
  ];
}

function memory(): number {
  global.gc?.();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/** Without what it takes to make the letters. */
async function build(index: DeadLetterIndex, letters: number, partitions: number) {
  const fieldsOf = createLetterFields({ group: 'g', topic: 'orders' });
  const perPartition = Math.ceil(letters / partitions);
  const all = { cost: 0, longestTurn: 0 };
  for (let first = 0; first < perPartition; first += BATCH) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const bytes = letterBatch(first, Math.min(BATCH, perPartition - first), partition);
      const set = { bytes, aborted: [], highWatermark: 0, lastStableOffset: 0 };
      const { cost, longestTurn } = await measure(() =>
        walk(set, first, clock, (cursor) => {
          index.add(fieldsOf(partition, cursor));
          return undefined;
        }),
      );
      all.cost += cost;
      all.longestTurn = Math.max(all.longestTurn, longestTurn);
    }
  }
  return all;
}

async function answers(
  index: DeadLetterIndex,
  perPartition: number,
  partitions: number,
): Promise<Row[]> {
  const slices = createSlices(clock);
  let longest = 0;

  /** The median in ms of CPU. */
  async function cost(work: () => Steps<unknown>): Promise<number> {
    const costs: number[] = [];
    const { longestTurn } = await measure(async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const begun = cpuMs();
        await slices.run(work);
        costs.push(cpuMs() - begun);
        await clock.breathe();
      }
    });
    longest = Math.max(longest, longestTurn);
    return costs.toSorted((a, b) => a - b)[ROUNDS >> 1]!;
  }

  const newest = new Map<number, number>();
  const middle = new Map(
    Array.from({ length: partitions }, (_, partition) => [partition, perPartition / 2]),
  );
  const most = { most: 20 };
  const from = Date.UTC(2026, 0, 1) + 1000;
  const origins = Float64Array.from({ length: perPartition }, (_, i) => i * 2);
  const redriven = { base: origins, since: new Float64Array(0) };
  const rows = [
    row('the newest 100, CPU ms', await cost(() => index.page({}, 100, newest)), most),
    row(
      '1,000 of one code from the middle on, CPU ms',
      await cost(() => index.page({ code: 'PRICE_NEGATIVE' }, 1000, middle)),
      most,
    ),
    row(
      'a page that no letter matches, CPU ms',
      await cost(() => index.page({ state: 'parked' }, 100, newest)),
      most,
    ),
    row(
      'a page of a time in which there are none, CPU ms',
      await cost(() => index.page({ to: from }, 1000, newest)),
      most,
    ),
    row('count of one code, CPU ms', await cost(() => index.count({ code: 'PERMANENT' })), most),
    row(
      'count of one code in a range of time, CPU ms',
      await cost(() => index.count({ code: 'PERMANENT', from })),
      most,
    ),
    row('groups, CPU ms', await cost(() => groupsOf(index)), most),
  ];
  await measure(() => slices.run(() => index.setRedriven(0, redriven))).then(({ longestTurn }) => {
    longest = Math.max(longest, longestTurn);
  });
  return [...rows, row('longest turn while it answers, CPU ms', longest, { most: 15 })];
}

function* groupsOf(index: DeadLetterIndex): Steps<unknown> {
  yield;
  return index.groups();
}

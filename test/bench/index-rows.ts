// `node dist/test/bench/dead-letters.js`: how fast the index of dead letters is built and answers, in
// memory, without a broker.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { systemClock as clock } from '../../server/log/clock.ts';
import { createSlices, type Steps } from '../../server/log/slices.ts';
import { walk } from '../../server/log/walk.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { createDeadLetterIndex } from '../../server/view/dead-letter-index.ts';
import { createLetterFields } from '../../server/view/letter-fields.ts';
import { someLetter } from '../fixtures/dead-letters.ts';

const LETTERS = 1_000_000;
const PARTITIONS = 3;
const BATCH = 1500;

const REASONS = [
  (n: number) => `RETRIES_EXHAUSTED: payment ${n} was not answered in ${n % 977} ms`,
  (n: number) => `PRICE_NEGATIVE: price is -${n % 50}.5`,
  () => 'PERMANENT: no such product',
];

/** The same batch again and again would flatter every cache: each letter has a reason of its own. */
function batchOf(first: number, count: number, partition: number): Buffer {
  const records = Array.from({ length: count }, (_, i) => {
    const origin = (first + i) * 2;
    return someLetter({ origin, partition, text: REASONS[(first + i) % 3]!(first + i) });
  });
  return encodeBatch(records, { baseOffset: first });
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;

async function main(): Promise<void> {
  const index = createDeadLetterIndex();
  const fieldsOf = createLetterFields({ group: 'g', topic: 'orders' });
  global.gc?.();
  const before = process.memoryUsage();
  let busy = 0;
  const perPartition = LETTERS / PARTITIONS;
  let longest = 0;
  let turnAt = performance.now();
  // The longest time for which nothing else can run while the index is built.
  const timedClock = {
    ...clock,
    breathe: async () => {
      longest = Math.max(longest, performance.now() - turnAt);
      await clock.breathe();
      turnAt = performance.now();
    },
  };
  for (let first = 0; first < perPartition; first += BATCH) {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const count = Math.min(BATCH, Math.ceil(perPartition - first));
      const bytes = batchOf(first, count, partition);
      const set = { bytes, aborted: [], highWatermark: 0, lastStableOffset: 0 };
      turnAt = performance.now();
      const start = process.cpuUsage();
      await walk(set, first, timedClock, (cursor) => {
        index.add(fieldsOf(partition, cursor));
        return undefined;
      });
      longest = Math.max(longest, performance.now() - turnAt);
      const { user, system } = process.cpuUsage(start);
      busy += (user + system) / 1000;
    }
  }
  global.gc?.();
  const after = process.memoryUsage();
  const { held } = index.size();
  const memory = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
  console.log(
    `built: ${Math.round((held / busy) * 1000).toLocaleString('en')} letters per second of processor time`,
  );
  console.log(`held: ${held.toLocaleString('en')} letters in ${(memory / 2 ** 20).toFixed(1)} MiB`);
  console.log(`longest time without a turn while building: ${longest.toFixed(1)} ms`);

  const slices = createSlices(clock);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  async function time(name: string, work: () => Steps<unknown>): Promise<void> {
    const times: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const start = performance.now();
      await slices.run(work);
      times.push(performance.now() - start);
    }
    const worst = Math.max(...times);
    console.log(`${name}: median ${median(times).toFixed(2)} ms, worst ${worst.toFixed(2)} ms`);
  }
  await setTimeout(50);
  delay.enable();
  const first = new Map<number, number>();
  const middle = new Map([0, 1, 2].map((partition) => [partition, perPartition / 2]));
  await time('newest page of 100', () => index.page({}, 100, first));
  await time('page of 1,000 in the middle, one group', () =>
    index.page({ code: 'PRICE_NEGATIVE' }, 1000, middle),
  );
  await time('page that nothing matches', () => index.page({ state: 'parked' }, 100, first));
  await time('count of one group in a range of time', () =>
    index.count({ code: 'PERMANENT', from: Date.UTC(2026, 0, 1) + 1000 }),
  );
  await time('groups', function* () {
    yield;
    return index.groups();
  });
  const all = Float64Array.from({ length: perPartition }, (_, i) => i * 2);
  await time('mark a third of all as redriven', () =>
    index.setRedriven(0, { base: Float64Array.from(all), since: new Float64Array(0) }),
  );
  delay.disable();
  console.log(`longest delay of the event loop: ${(delay.max / 1e6).toFixed(1)} ms`);
}

await main();

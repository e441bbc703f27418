// `npm run bench:scale`: what it costs an instance to show the checkpoints of its whole group, measured by
// the number of partitions and instances, and from these costs what it comes to in groups that do not fit here.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readOptions } from '../fixtures/options.ts';
import { createShownTopics, startCheckpoints } from './checkpoint-load.ts';
import { withKafka } from './own-kafka.ts';
import { type Measured, simulate } from './scale-model.ts';
import type { Shown } from './showing.ts';
import { median } from './side.ts';

const values = {
  ...{ partitions: '48,300', instances: '1,3,6', products: '1000', rate: '10', seconds: '6' },
  ...readOptions(
    `npm run bench:scale -- [--partitions N,…] [--instances N,…] [--products N] [--rate N] [--seconds N]
  --rate  checkpoints of each partition a second; fewer when this machine cannot write so many`,
    {
      ...{ partitions: 'numbers', instances: 'numbers', products: 'number' },
      ...{ rate: 'number', seconds: 'number', brokers: 'text' },
    } as const,
  ),
};
const numbers = (text: string) => text.split(',').map(Number);
const products = Number(values.products);
const rate = Number(values.rate);
const SETTLE_MS = 3000;
const script = fileURLToPath(new URL('showing.js', import.meta.url));

const MODES = {
  'nobody looks': {},
  'somebody looks': { LOOKED: 'true' },
  'each checkpoint read': { EACH: 'true' },
} as const;

async function startShowing(env: Record<string, string>) {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return async (): Promise<Shown> => {
    child.stdin.write('\n');
    const [text] = await once(child.stdout, 'data');
    return JSON.parse(String(text)) as Shown;
  };
}

async function measure(
  brokers: string,
  group: string,
  {
    partitions,
    instances,
    mode,
  }: { partitions: number; instances: number; mode: keyof typeof MODES },
): Promise<readonly Shown[]> {
  const measures = await Promise.all(
    Array.from({ length: instances }, (_, index) =>
      startShowing({
        ...{ BROKERS: brokers, GROUP: group, PARTITIONS: `${partitions}`, SECONDS: values.seconds },
        ...{ INSTANCES: `${instances}`, INDEX: `${index}`, ...MODES[mode] },
      }),
    ),
  );
  await delay(SETTLE_MS);
  return Promise.all(measures.map((each) => each()));
}

/** Of each second, of one instance: the middle one. */
function perSecond(all: readonly Shown[], of: (shown: Shown) => number): number {
  return median(all.map((shown) => of(shown) / shown.seconds));
}

await withKafka(values.brokers, async (brokers) => {
  const measured: Measured[] = [];
  for (const partitions of numbers(values.partitions)) {
    const group = `bench-${Date.now()}`;
    await createShownTopics(brokers, group, partitions);
    const load = startCheckpoints(brokers, { group, partitions, products, rate });
    for (const instances of numbers(values.instances)) {
      for (const mode of Object.keys(MODES) as (keyof typeof MODES)[]) {
        const all = await measure(brokers, group, { partitions, instances, mode });
        const cpu = perSecond(all, ({ cpuSeconds }) => cpuSeconds);
        const read = perSecond(all, ({ checkpoints }) => checkpoints);
        measured.push({ mode, partitions, instances, cpu, read, size: load.read().size });
        console.log(
          JSON.stringify({
            ...{ partitions, instances, mode },
            'written/s': Math.round(load.read().rate),
            'each: CPU %': +(cpu * 100).toFixed(1),
            'read/s': Math.round(read),
            'MB/s': +(perSecond(all, ({ bytes }) => bytes) / 1e6).toFixed(2),
            'answers/s': Math.round(perSecond(all, ({ answers }) => answers)),
          }),
        );
      }
    }
    await load.stop();
  }
  console.log('\nWith these costs, one of so many instances:');
  console.table(simulate(measured, { rate }));
});

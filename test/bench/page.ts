// What the page costs on a device four times as slow, in a real browser: how soon it shows its figures, how
// smooth it stays with a thousand products that change ten times a second, and whether it grows. Fails when
// an aim is missed.
import { loadavg } from 'node:os';
import type { CDPSession, Page } from 'playwright-core';
import type { ProductAverage } from '../../server/http/contract.ts';
import { launchChromium } from '../fixtures/chromium.ts';
import { DESKTOP } from '../fixtures/dashboard.ts';
import { type FakeServer, startFakeServer } from '../fixtures/fake-server.ts';
import { readOptions } from '../fixtures/options.ts';
import { aSnapshot, someMetrics } from '../fixtures/snapshot.ts';

const SLOWER = 4;
const LOADS = 7;
const PRODUCTS = 1000;
const UPDATE_MS = 100;
const CHANGED = 100;
const FRAMES_FOR_MS = 10_000;

const AIMS = {
  'largest contentful paint, ms': (value: number) => value <= 1000,
  'frames a second': (value: number) => value >= 45,
  'DOM nodes': (value: number) => value <= 900,
  'heap growth, %': (value: number) => value <= 10,
} as const;

const average = (n: number, round: number): ProductAverage => ({
  count: 100 * (PRODUCTS - n) + round,
  averagePrice: 20 + ((n * 7 + round) % 900),
});

/** Changes a tenth of the products ten times a second until it is stopped. */
function drive(server: FakeServer): () => void {
  let round = 0;
  const timer = setInterval(() => {
    round += 1;
    const numbers = Array.from({ length: CHANGED }, (_, i) => (round * 37 + i * 10) % PRODUCTS);
    const perProduct = Object.fromEntries(
      numbers.map((n) => [`Product ${n}`, average(n, round)] as const),
    );
    const { totalCount } = someMetrics();
    server.change({ metrics: { ...someMetrics(), totalCount: totalCount + round, perProduct } });
  }, UPDATE_MS);
  return () => clearInterval(timer);
}

/** Loads the page anew; how long until the largest thing was painted. */
async function paintOf(page: Page, url: string): Promise<number> {
  await page.goto(url);
  await page.locator('#products tbody tr').first().waitFor();
  return page.evaluate<number>(`new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime))
      .observe({ type: 'largest-contentful-paint', buffered: true });
  })`);
}

const framesOf = (page: Page, ms: number) =>
  page.evaluate<number>(`new Promise((resolve) => {
    const start = performance.now();
    let frames = 0;
    requestAnimationFrame(function count(now) {
      frames += 1;
      if (now - start < ${ms}) requestAnimationFrame(count);
      else resolve((1000 * frames) / (now - start));
    });
  })`);

/** The least of some readings: between two of them messages come, and one collection leaves some of them. */
async function heapOf(page: Page, session: CDPSession): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let reading = 0; reading < 8; reading += 1) {
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    least = Math.min(least, usedSize);
    await framesOf(page, 500);
  }
  return least;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

const { minutes } = {
  minutes: '1',
  ...readOptions(
    `npm run bench:page -- [--minutes N]   of which the heap must not grow: 1, the aim is meant for 30`,
    { minutes: 'number' },
  ),
};

const browser = await launchChromium();
const perProduct = Object.fromEntries(
  Array.from({ length: PRODUCTS }, (_, n) => [`Product ${n}`, average(n, 0)] as const),
);
const server = await startFakeServer(aSnapshot({ metrics: someMetrics({ perProduct }) }));
try {
  const page = await (await browser.newContext(DESKTOP)).newPage();
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  const paints: number[] = [];
  for (let load = 0; load < LOADS; load += 1) paints.push(await paintOf(page, server.url));
  await page.locator('.chart').waitFor();
  const stop = drive(server);
  await framesOf(page, 2000);
  const frames = await framesOf(page, FRAMES_FOR_MS);
  const before = await heapOf(page, session);
  await framesOf(page, 60_000 * Number(minutes));
  const after = await heapOf(page, session);
  const nodes = await page.evaluate<number>('document.querySelectorAll("*").length');
  stop();
  const found: Record<keyof typeof AIMS, number> = {
    'largest contentful paint, ms': median(paints),
    'frames a second': frames,
    'DOM nodes': nodes,
    'heap growth, %': (100 * (after - before)) / before,
  };
  const rows = Object.entries(AIMS).map(([what, isMet]) => {
    const value = found[what as keyof typeof AIMS];
    return { what, found: Math.round(10 * value) / 10, met: isMet(value) };
  });
  console.table(rows);
  console.log(
    `heap ${Math.round(after / 1024)} KiB; load of this machine ${loadavg()[0]?.toFixed(1)}`,
  );
  if (rows.some(({ met }) => !met)) process.exitCode = 1;
} finally {
  await browser.close();
  await server.close();
}

// What everybody can use: every state of the page in light and dark, wide and narrow, zoomed, by the keyboard.
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import type { Snapshot } from '../../server/http/contract.ts';
import { faultsOf } from '../fixtures/axe.ts';
import { withChromium } from '../fixtures/chromium.ts';
import { button, openDashboard, picture, pill, reads } from '../fixtures/dashboard.ts';
import { redriveShown } from '../fixtures/fake-letters.ts';
import { aStatus, someMetrics } from '../fixtures/snapshot.ts';

type Screen = readonly [width: number, colorScheme: 'light' | 'dark'];

/**
 * Every width and both schemes once; the rest of the eight is looked at where most is shown, and everywhere
 * with EVERY_SCREEN set, which takes twice as long.
 */
const FOUR: readonly Screen[] = [
  [1440, 'light'],
  [768, 'dark'],
  [390, 'light'],
  [320, 'dark'],
];
const EIGHT = FOUR.flatMap(([width]): Screen[] => [
  [width, 'light'],
  [width, 'dark'],
]);

const STILL = { reducedMotion: 'reduce' } as const;

t.test('the page can be used by everybody', async (t) => {
  t.setTimeout(300_000);
  const chromium = await withChromium(t);
  if (!chromium) return;
  const dashboard = (t: Test, path = '', change: Partial<Snapshot> = {}, options = {}) =>
    openDashboard(t, chromium, change, { ...STILL, ...options }, path);

  /** Asserts of a state that axe finds no fault in it, and that nothing is wider than the screen. */
  async function sound(
    t: Test,
    page: Page,
    state: string,
    screens = process.env.EVERY_SCREEN ? EIGHT : FOUR,
  ) {
    for (const [width, colorScheme] of screens) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      t.same(await faultsOf(page), [], `${state}, ${width} px, ${colorScheme}`);
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), width, `${state} fits`);
      await picture(page, `${state}-${width}-${colorScheme}`);
    }
  }

  t.test('axe finds no fault in any state', async (t) => {
    const { server, page } = await dashboard(t, '', { redrives: [redriveShown()] });
    const { kafka } = aStatus();
    await reads(page, '.redrive', 'sending');
    await page.locator('.chart').waitFor();
    await sound(t, page, 'axe-live', EIGHT);

    const stopped = [{ partition: 1, reason: 'the batch at offset 48213 is damaged' }];
    const reasons = ['orders[1] has stopped: the batch at offset 48213 is damaged'];
    const states: [string, Partial<Snapshot['status']>][] = [
      ['Kafka down', { kafka: { ...kafka, up: false, error: 'ECONNREFUSED' } }],
      ['Stopped', { phase: 'not-ready', stopped, reasons }],
      ['Not ready', { phase: 'not-ready', reasons: ['reading what the group has come to'] }],
    ];
    for (const [word, status] of states) {
      server.change({ status: aStatus(status) });
      await pill(page, word).waitFor();
      await sound(t, page, `axe-${word.toLowerCase().replace(' ', '-')}`);
    }
    server.change({ status: aStatus({ kafka: { ...kafka, embedded: true, storage: 'memory' } }) });
    await reads(page, '.context', 'Embedded broker');
    await sound(t, page, 'axe-embedded');
    server.freeze();
    await pill(page, 'Stale').waitFor();
    await sound(t, page, 'axe-stale');
    await server.stop();
    await pill(page, 'Disconnected').waitFor();
    await sound(t, page, 'axe-disconnected');
  });

  t.test('nor in any dialog or list of dead letters', async (t) => {
    const { page } = await dashboard(t, '?letters=groups');
    await page.locator('.group').first().waitFor();
    await sound(t, page, 'axe-groups');
    await button(page, 'Redrive 26').first().click();
    await reads(page, '.dialog', '26 letters would be sent');
    await sound(t, page, 'axe-redrive');
    await page.keyboard.press('Escape');
    await button(page, 'All').click();
    await page.locator('.letter').first().waitFor();
    await sound(t, page, 'axe-all-letters');
    await page.locator('.letter-more').first().click();
    await reads(page, '.dialog', 'stopped at byte 6');
    await sound(t, page, 'axe-letter');
    await button(page, 'Follow the order').click();
    await page.locator('.dialog .steps').first().waitFor();
    await sound(t, page, 'axe-order');
  });

  t.test('a thousand products are at most 900 nodes', async (t) => {
    const perProduct = Object.fromEntries(
      Array.from({ length: 1000 }, (_, n) => [
        `Product ${n}`,
        { count: 5000 - n, averagePrice: n },
      ]),
    );
    const { page } = await dashboard(t, '', { metrics: someMetrics({ perProduct }) });
    await page.locator('.chart').waitFor();
    await reads(page, '#products .panel-foot', '1–50 of 1,000');
    const nodes = await page.evaluate<number>('document.querySelectorAll("*").length');
    t.ok(nodes <= 900, `${nodes} nodes`);
  });

  t.test('no page complained', async (t) => {
    t.same(chromium.complaints, []);
  });
});

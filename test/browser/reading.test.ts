// What somebody does who reads the page: selects, touches, copies, zooms, opens many tabs. Nothing may lie
// or move under the eyes.
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import type { Snapshot } from '../../server/http/contract.ts';
import { layoutShift, withChromium } from '../fixtures/chromium.ts';
import {
  button,
  figure,
  NARROW,
  openDashboard,
  PHONE,
  picture,
  pill,
  reads,
} from '../fixtures/dashboard.ts';
import { startFakeServer } from '../fixtures/fake-server.ts';
import { aSnapshot, deadLetters, someMetrics } from '../fixtures/snapshot.ts';
import { until } from '../fixtures/until.ts';

const TABLET = { viewport: { width: 768, height: 1024 } };
const widest = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth');

/** Elements with text that is cut off without a title and without a way to scroll to it. */
const CUT = `[...document.querySelectorAll('.card *, #products tbody *, .letter *, .pill *')]
  .filter((node) => node.childElementCount === 0 && node.scrollWidth > node.clientWidth + 1
    && getComputedStyle(node).display !== 'inline' && !node.closest('[title], .sr-only'))
  .map((node) => node.className + ' ' + node.textContent)`;

t.test('reading the page', async (t) => {
  t.setTimeout(300_000);
  const chromium = await withChromium(t);
  if (!chromium) return;
  const dashboard = (t: Test, change: Partial<Snapshot> = {}, options = {}, path = '') =>
    openDashboard(t, chromium, change, options, path);

  t.test('more new letters than the list holds are counted truly', async (t) => {
    const { server, page } = await dashboard(t);
    await page.locator('.letter').first().hover();
    server.change({ deadLetters: deadLetters(50, 23) });
    server.change({ deadLetters: deadLetters(50, 73) });
    await button(page, '100 new since you started reading').waitFor();
    await page.mouse.wheel(0, 500);
    await until(
      'it has scrolled',
      () => page.evaluate<number>('scrollY'),
      (y) => y > 400,
    );
    const { y } = (await button(page, '100 new').boundingBox())!;
    t.ok(y > 0 && y < 900, `its button stays in view, at ${y}`);
    await button(page, '100 new').click();
    await button(page, '100 new').waitFor({ state: 'detached' });
  });

  t.test('a touch holds the list until one elsewhere', async (t) => {
    const { server, page } = await dashboard(t, {}, PHONE);
    const first = page.locator('.letter').first();
    const before = await first.textContent();
    await first.locator('time').tap();
    server.change({ deadLetters: deadLetters(2, 23) });
    await button(page, '2 new since you started reading').waitFor();
    t.equal(await first.textContent(), before);
    await page.locator('.card').first().tap();
    await button(page, '2 new').waitFor({ state: 'detached' });
    t.not(await first.textContent(), before);
  });

  t.test('a selection stays where it is while letters arrive', async (t) => {
    const { server, page } = await dashboard(t);
    await page.evaluate(
      `getSelection().selectAllChildren(document.querySelector('.letter-reason'))`,
    );
    const selected = await page.evaluate<string>('getSelection().toString()');
    server.change({ deadLetters: deadLetters(3, 23) });
    await button(page, '3 new since you started reading').waitFor();
    t.equal(await page.evaluate('getSelection().toString()'), selected);
    t.ok(selected.length > 5);
  });

  t.test('space on a focused button presses that button only', async (t) => {
    const { page } = await dashboard(t);
    await pill(page, 'Live').waitFor();
    await button(page, 'Average').focus();
    await page.keyboard.press('Space');
    await page.locator('th[aria-sort=descending]', { hasText: 'Average' }).waitFor();
    t.ok(await pill(page, 'Live').isVisible(), 'and nothing was paused');
    await button(page, 'Pause').first().focus();
    await page.keyboard.press('Space');
    await pill(page, 'Paused').waitFor();
    await page.keyboard.press('Space');
    await pill(page, 'Live').waitFor();
  });

  t.test('the arrow is shown only while the rows stand in that order', async (t) => {
    const { server, page } = await dashboard(t);
    await page.locator('th[aria-sort=descending]', { hasText: 'Orders' }).waitFor();
    await page.locator('#products tbody tr').first().hover();
    const perProduct = { Telescope: { count: 5000, averagePrice: 871.34 } };
    server.change({ metrics: someMetrics({ perProduct, productCount: 9 }) });
    await reads(page, '#products tr', /Telescope\s*5,000/);
    t.equal(
      await page.locator('#products [aria-sort]').count(),
      0,
      'the order waits for the reader',
    );
    await page.locator('.card').first().hover();
    await page.locator('th[aria-sort=descending]', { hasText: 'Orders' }).waitFor();
    await reads(page, '#products tbody tr', /^Telescope/);
  });

  t.test('over plain http copying works as well, or the text is there to be copied', async (t) => {
    const { page } = await dashboard(t, { lag: [], metrics: null, deadLetters: [] });
    await page.addInitScript(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`);
    await page.reload();
    const { kafka } = aSnapshot().status;
    const server = await startFakeServer(
      aSnapshot({ status: { ...aSnapshot().status, kafka: { ...kafka, up: false } } }),
    );
    t.teardown(() => server.close());
    await page.goto(server.url);
    await button(page, /^Copy command/).click();
    await button(page, 'Copied').waitFor();
    await page.addInitScript('document.execCommand = () => false');
    await page.reload();
    await button(page, /^Copy command/).click();
    await button(page, 'Press Ctrl+C').waitFor();
    t.equal(await page.evaluate('getSelection().toString()'), 'docker compose up -d kafka');
  });

  const LONG = {
    metrics: someMetrics({
      totalCount: 9_007_199_254_740_991,
      overallAveragePrice: 0.0001,
      productCount: 3,
      perProduct: {
        ' Desk\u200blamp ': { count: 9_007_199_254_740_991, averagePrice: 999_999_999.99 },
        ['x'.repeat(256)]: { count: 1, averagePrice: 0.0001 },
        '\u202eetirw': { count: 2, averagePrice: 0 },
      },
    }),
  };
  for (const [name, options] of Object.entries({ desktop: {}, phone: PHONE, narrow: NARROW })) {
    t.test(
      `long numbers and odd names fit the ${name} screen, and nothing is hidden`,
      async (t) => {
        const { page } = await dashboard(t, LONG, options);
        await pill(page, 'Live').waitFor();
        t.equal(await figure(page, 'Orders processed').textContent(), '9,007,199,254,740,991');
        t.equal(await figure(page, 'Overall average').textContent(), '0.0001');
        await reads(page, '#products tbody th', '␣DeskU+200Blamp␣');
        await reads(page, '#products tbody th', 'U+202Eetirw');
        t.equal(await widest(page), (await page.viewportSize())!.width);
        t.same(await page.evaluate(CUT), []);
        await picture(page, `long-${name}`);
      },
    );
  }

  t.test('with a browser font of 24 px nothing overlaps or is cut', async (t) => {
    const { page } = await dashboard(t, {}, TABLET);
    const browser = await page.context().newCDPSession(page);
    await browser.send('Page.setFontSizes', { fontSizes: { standard: 24 } });
    await page.reload();
    await pill(page, 'Live').waitFor();
    t.equal(await widest(page), 768);
    t.same(await page.evaluate(CUT), []);
    await picture(page, 'font-24px');
  });

  for (const [name, options] of Object.entries({ desktop: {}, tablet: TABLET, phone: PHONE })) {
    t.test(`nothing moves while the page comes together, on the ${name}`, async (t) => {
      const { page } = await dashboard(t, {}, options);
      await page.locator('.partitions tbody tr').first().waitFor();
      await page.locator('.chart-words').waitFor();
      const shift = await layoutShift(page);
      t.ok(shift <= 0.05, String(shift));
      t.ok((await page.evaluate<number>(`document.querySelectorAll('*').length`)) <= 900);
    });
  }

  t.test('in forced colours there are still lines between the figures', async (t) => {
    const { page } = await dashboard(t, {}, { forcedColors: 'active' });
    await pill(page, 'Live').waitFor();
    const style = (of: string) => page.evaluate<string>(`getComputedStyle(${of}).outlineStyle`);
    t.equal(await style(`document.querySelector('.card')`), 'solid');
    await picture(page, 'forced-colours');
  });

  t.test('seven tabs at once all show numbers', async (t) => {
    const { server, page } = await dashboard(t);
    const pages = [page];
    for (let tab = 2; tab <= 7; tab += 1) pages.push(await page.context().newPage());
    await Promise.all(pages.slice(1).map((each) => each.goto(server.url)));
    for (const each of pages) {
      await reads(each, '.card', '6,854');
      await reads(each, '.pill', /^(Live|Polling every 1 s)/);
    }
    server.change({ metrics: someMetrics({ totalCount: 6900 }) });
    for (const each of pages) await reads(each, '.card', '6,900');
  });

  t.test('the chart is read with the arrow keys, and as a table', async (t) => {
    const { page } = await dashboard(t);
    const slider = page.getByRole('slider', { name: 'Point in time' });
    await slider.focus();
    await page.keyboard.press('Home');
    t.match(await slider.getAttribute('aria-valuetext'), /— orders\/s/, 'not known is no 0');
    await page.keyboard.press('End');
    t.match(await slider.getAttribute('aria-valuetext'), / \d+ orders\/s .* behind$/);
    await button(page, 'Show as table').click();
    t.equal(await page.locator('.chart tbody tr').count(), 30);
    await button(page, '15 min').click();
    await page.waitForURL(/range=15m/);
    await picture(page, 'chart');
  });

  t.test('while the view is held the chart stands still, and is gone over', async (t) => {
    const { page } = await dashboard(t);
    const words = page.locator('.chart-words');
    await words.waitFor();
    await page.keyboard.press('Space');
    await pill(page, 'Paused').waitFor();
    const held = (await words.textContent())!;
    const slider = page.getByRole('slider');
    await slider.hover({ position: { x: 400, y: 50 } });
    const earlier = (await words.textContent())!;
    t.ok(earlier < held, `${earlier} is before ${held}`);
    await page.mouse.move(0, 0);
    // The next answer of the server, which is of a later time.
    await page.waitForResponse(/series/);
    await page.waitForResponse(/series/);
    t.equal(await words.textContent(), earlier);
    await slider.press('End');
    t.equal(await words.textContent(), held);
  });

  t.test('beside each product stands how its orders came lately', async (t) => {
    const { page } = await dashboard(t);
    const cell = page.locator('#products tbody .lately').first();
    await cell
      .filter({ hasText: 'now 6 orders in 10 s; min 0, max 6 in 24 points, 6 not known' })
      .waitFor();
    t.match(await cell.locator('path').getAttribute('d'), /^M/);
  });

  for (const [percent, width, height] of [
    [200, 640, 400],
    [400, 320, 200],
  ] as const) {
    t.test(`zoomed to ${percent} % everything can be read and reached`, async (t) => {
      const viewport = { width, height };
      const { page } = await dashboard(t, {}, { viewport, deviceScaleFactor: percent / 100 });
      await page.locator('.partitions').waitFor();
      t.equal(await widest(page), width, 'nothing has to be scrolled sideways');
      t.same(await page.evaluate(CUT), []);
      await page.locator('.letter-more').first().click();
      await reads(page, '.dialog', 'stopped at byte 6');
      const last = page.locator('.dialog summary', { hasText: 'Edit and redrive' });
      await last.scrollIntoViewIfNeeded();
      t.ok((await last.boundingBox())!.y < height, 'the end of a dialog comes into view');
      await picture(page, `zoom-${percent}`);
    });
  }

  t.test('every message of the page stands in a landmark', async (t) => {
    const { server, page } = await dashboard(t);
    await pill(page, 'Live').waitFor();
    await server.restart();
    await page.getByRole('complementary', { name: 'Message' }).waitFor();
  });

  t.test('what orders were written with is told, and what is not known of it', async (t) => {
    const { page } = await dashboard(t);
    await page.locator('summary', { hasText: 'Schemas 3' }).click();
    const rows = await page.locator('.schemas li').allTextContents();
    t.same(rows, [
      'com.example.Order · raw · 9f72412dc007e331: 6,800 decoded, 20 refused',
      'com.example.Order · registry · id 7 · 0a1b2c3d4e5f6071: 54 decoded, 0 refused',
      'unknown schema · registry: 0 decoded, 3 refused',
    ]);
  });

  t.test('keys walk through the page, and can be switched off', async (t) => {
    const { server, page } = await dashboard(t, {}, {}, '?letters=all&q=a');
    await page.locator('.letter').nth(2).waitFor();
    await button(page, 'Keys').waitFor();
    for (const key of ['d', 'j', 'j', 'k', 'x']) await page.keyboard.press(key);
    t.equal(await page.locator('.letter').nth(1).getByRole('checkbox').isChecked(), true);
    await page.keyboard.press('r');
    await reads(page, '.dialog', '1 letter would be sent');
    const { letters, told } = server.letters;
    t.match(told[0], { body: { selection: { ids: [letters[1]!.id] }, dryRun: true } });
    await page.keyboard.press('j');
    await page.keyboard.press('Escape');
    await page.locator('.dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    t.equal(await page.evaluate('document.activeElement.type'), 'search');
    await page.keyboard.type('?');
    t.equal(await page.getByRole('searchbox').inputValue(), 'a?', 'in a field a key is a letter');

    await page.getByRole('searchbox').blur();
    await page.keyboard.press('?');
    await reads(page, '.dialog', 'next dead letter');
    await picture(page, 'keys');
    await page.getByLabel('Keys are on').uncheck();
    await page.keyboard.press('Escape');
    await page.locator('.dialog').waitFor({ state: 'detached' });
    for (const key of ['Space', '?', 'r']) await page.keyboard.press(key);
    t.equal(await page.locator('.dialog').count(), 0);
    await pill(page, 'Live').waitFor();
  });

  t.test('who is elsewhere is told of new dead letters, once he asked for it', async (t) => {
    const { server, page } = await dashboard(t);
    await button(page, 'Notify me of dead letters').waitFor();
    await page.evaluate(`
      window.told = [];
      window.Notification = class {
        static requestPermission = async () => window.answer ?? 'denied';
        constructor(title, { body }) { window.told.push(body); }
      };
      Object.defineProperty(document, 'hidden', { get: () => window.away === true });
    `);
    await button(page, 'Notify me of dead letters').click();
    await button(page, 'The browser allows no notifications').waitFor();
    await page.evaluate(`window.answer = 'granted'`);
    await button(page, 'The browser allows no notifications').click();
    await page.locator('[aria-pressed=true]', { hasText: 'Notify me' }).waitFor();
    server.change({ deadLetters: deadLetters(1, 23) });
    await page.locator(`[data-id="${deadLetters(1, 23)[0]!.id}"]`).waitFor();
    // What is drawn is taken as seen a frame later.
    await page.evaluate('new Promise((seen) => requestAnimationFrame(() => setTimeout(seen)))');
    await page.evaluate('window.away = true');
    server.change({ deadLetters: deadLetters(3, 24) });
    const told = await until(
      'it was told',
      () => page.evaluate<string[]>('window.told'),
      ({ length }) => length > 0,
    );
    t.match(told, [/^3 new dead letters: [A-Z_]+ \(\d\)/]);
  });

  t.test('no page complained', async (t) => {
    t.same(chromium.complaints, []);
  });
});

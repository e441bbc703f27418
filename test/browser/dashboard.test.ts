// The built page in a real browser, against a server that fails on command.
import t, { type Test } from 'tap';
import type { Snapshot } from '../../server/http/contract.ts';
import { layoutShift, withChromium } from '../fixtures/chromium.ts';
import {
  figure,
  NARROW,
  openDashboard,
  PHONE,
  picture,
  pill,
  reads,
} from '../fixtures/dashboard.ts';
import { aStatus, deadLetters, someMetrics } from '../fixtures/snapshot.ts';

t.test('the dashboard', async (t) => {
  t.setTimeout(300_000);
  const chromium = await withChromium(t);
  if (!chromium) return;

  const dashboard = (t: Test, change: Partial<Snapshot> = {}, options = {}) =>
    openDashboard(t, chromium, change, options);

  t.test('shows the figures at once, and they move', async (t) => {
    const { server, page } = await dashboard(t);
    await pill(page, 'Live').waitFor();
    t.equal(await figure(page, 'Orders processed').textContent(), '6,854');
    t.equal(await figure(page, 'Overall average').textContent(), '190.35');
    t.equal(await figure(page, 'Throughput').textContent(), '39');
    t.equal(await figure(page, 'Orders waiting').textContent(), '4');
    t.equal(await figure(page, 'Consumer lag').textContent(), '19');
    t.equal(await figure(page, 'Dead letters').textContent(), '23');
    await reads(page, '.card', 'about 0.5 s');
    t.equal(await page.title(), '(23) Order stream');
    await picture(page, 'live');

    const perProduct = { 'Espresso machine': { count: 929, averagePrice: 204.5 } };
    server.change({
      metrics: someMetrics({ totalCount: 6855, perProduct }),
      deadLetters: deadLetters(1, 23),
    });
    await reads(page, '.card', '6,855');
    await reads(page, '#products tr', /Espresso machine\s*929\s*204\.50/);
    const newest = page.locator('.letter').first();
    // With the day when that was yesterday, as it may be after midnight.
    t.match(await newest.locator('time').textContent(), /^(\d{1,2} \w{3} )?\d\d:\d\d:\d\d\.\d{3}$/);
    t.match(await newest.locator('time').getAttribute('datetime'), /^\d{4}-.*Z$/);
    t.match(await newest.textContent(), /no order id.*TRAILING/s);
    const now = page.locator('.partitions tbody [data-label=Now]');
    t.match(await now.allTextContents(), [
      /^1 in the handler, 2 to be retried, 1 given up, oldest \d+ s$/,
      'nothing',
      '—',
    ]);
    await reads(page, '[role=status]', 'Live updates on.');
    t.ok((await layoutShift(page)) < 0.02, `nothing moves (${await layoutShift(page)})`);
  });

  t.test('falls back to polling when the stream is gone, and returns to it', async (t) => {
    const { server, page } = await dashboard(t);
    await pill(page, 'Live').waitFor();
    server.refuseStream();
    await pill(page, 'Polling every 1 s').waitFor();
    t.match(await page.locator('.pill').getAttribute('title'), /^The live stream is not in use/);
    server.change({ metrics: someMetrics({ totalCount: 7001 }) });
    await reads(page, '.card', '7,001');
    await picture(page, 'polling');
    server.allowStream();
    await pill(page, 'Live').waitFor();
    t.ok((await layoutShift(page)) < 0.02);
  });

  t.test('says so when nobody answers, and comes back at a press', async (t) => {
    const { server, page } = await dashboard(t);
    await pill(page, 'Live').waitFor();
    await server.stop();
    await pill(page, 'Disconnected').waitFor();
    await reads(page, '.pill', /last update \d+ s ago/);
    await reads(page, '.context', /No answer from the dashboard server\..*Trying again in \d+ s/);
    await reads(page, '.context code', 'npm start');
    await page.locator('[data-old=true]').waitFor();
    t.match(await page.title(), /^⚠ /);
    await picture(page, 'disconnected');

    await server.restart();
    // It may come back by itself before the press.
    await page
      .getByRole('button', { name: 'Retry now' })
      .click({ timeout: 2000 })
      .catch(() => {});
    await reads(page, '.toast', 'The server restarted. Totals go on from what Kafka holds.');
    await pill(page, 'Live').waitFor();
    await page.locator('[data-old=false]').waitFor();
    await picture(page, 'restarted');
    t.ok((await layoutShift(page)) < 0.02);
  });

  t.test('old numbers look old, though the server answers', async (t) => {
    const { server, page } = await dashboard(t);
    await pill(page, 'Live').waitFor();
    server.freeze();
    await pill(page, 'Stale').waitFor();
    await reads(page, '.context', 'These numbers are old.');
    const decoration = `getComputedStyle(document.querySelector('.figure')).textDecorationStyle`;
    t.equal(await page.evaluate(decoration), 'dashed');
    await picture(page, 'stale');
    await page.getByRole('button', { name: 'Refresh' }).click();
    server.thaw();
    await pill(page, 'Live').waitFor();
  });

  t.test('explains Kafka down, not ready and the embedded broker', async (t) => {
    const { server, page } = await dashboard(t);
    const { kafka, hints } = aStatus();
    server.change({
      status: aStatus({ kafka: { ...kafka, up: false, error: 'ECONNREFUSED' } }),
    });
    await pill(page, 'Kafka down').waitFor();
    await reads(
      page,
      '.context',
      /unreachable at localhost:9092 \(ECONNREFUSED\).*goes on where it stopped/,
    );
    await reads(page, '.context code', 'docker compose up -d kafka');
    t.equal(await figure(page, 'Throughput').textContent(), '—');
    t.equal(await figure(page, 'Consumer lag').textContent(), '—');
    await picture(page, 'kafka-down');

    const reasons = ['orders[1] has stopped: the batch at offset 48213 is damaged'];
    server.change({ status: aStatus({ phase: 'not-ready', reasons }) });
    await reads(page, '.context', /^orders\[1\] has stopped: .* damaged\./);
    await picture(page, 'not-ready');

    t.equal(await page.getByText('sample orders').count(), 0, 'nobody plays with a real Kafka');
    const own = 'KAFKA_BROKERS=localhost:9092 npm start';
    server.change({
      status: aStatus({ kafka: { ...kafka, embedded: true }, hints: { ...hints, kafka: own } }),
    });
    await reads(page, '.context', 'Embedded broker, for development.');
    const lessons: unknown[] = [];
    await page.route('**/teach', (route) => {
      lessons.push(route.request().postDataJSON());
      return route.fulfill({ json: { sent: 20 } });
    });
    await page.getByRole('button', { name: 'Send 20 sample orders' }).click();
    await reads(page, 'main [role=status]', '20 orders were sent.');
    t.same(lessons, [{ lesson: 'samples' }]);
    await reads(page, '.context code', own);
    await pill(page, 'Live').waitFor();
    await picture(page, 'embedded');
    t.ok((await layoutShift(page)) < 0.02, 'no explanation pushes the page');
  });

  t.test('stands still while paused, by key or by button', async (t) => {
    const { server, page } = await dashboard(t);
    await pill(page, 'Live').waitFor();
    await page.keyboard.press('Space');
    await pill(page, 'Paused').waitFor();
    server.change({ metrics: someMetrics({ totalCount: 7266 }) });
    await reads(page, '.pill', '412 newer orders');
    t.equal(await figure(page, 'Orders processed').textContent(), '6,854');
    await picture(page, 'paused');
    await page.getByRole('button', { name: 'Resume' }).click();
    await reads(page, '.card', '7,266');
    await pill(page, 'Live').waitFor();
  });

  t.test('an empty topic is explained, with the command that fills it', async (t) => {
    const balance = { ...someMetrics().balance, counted: 0, deadLettered: 0, pending: 0, read: 0 };
    const metrics = someMetrics({ totalCount: 0, perProduct: {}, retries: 0, balance, asOf: [] });
    const lag = [{ partition: 0, endOffset: 0, lag: 0, firstUnread: null }];
    const { server, page } = await dashboard(t, { metrics, deadLetters: [], throughput: 0, lag });
    await reads(page, '.empty', 'No orders yet');
    await reads(page, '.empty code', 'npm run produce -- --rate 5');
    await reads(page, '.empty', 'No dead letters.');
    await picture(page, 'empty');
    server.change({ metrics: someMetrics(), throughput: 5 });
    await reads(page, '#products tr', 'Notebook');
    await reads(page, '.empty', /dead letters; their topic keeps none/);
  });

  t.test('a thousand products: pages, sorting, and names that are members of Object', async (t) => {
    const names = Array.from({ length: 1000 }, (_, index) => `Product ${index + 1}`);
    const entries = ['__proto__', ...names].map(
      (name, index) => [name, { count: 5000 - index, averagePrice: index + 0.5 }] as const,
    );
    const perProduct = Object.fromEntries(entries);
    const { page } = await dashboard(t, { metrics: someMetrics({ perProduct }) });
    await reads(page, '#products tr', /__proto__\s*5,000\s*0\.50/);
    t.equal(await page.locator('#products tbody tr').count(), 50);
    await reads(page, '#products .panel-foot', '1–50 of 1,001');
    await page.getByRole('button', { name: 'Next' }).click();
    await reads(page, '#products .panel-foot', '51–100 of 1,001');
    await page.getByRole('button', { name: 'Average' }).click();
    await page.locator('th[aria-sort=descending]', { hasText: 'Average' }).waitFor();
    await reads(page, '#products tbody tr', /^Product 1000/);
    await page.getByRole('button', { name: 'Product', exact: true }).click();
    await page.locator('th[aria-sort=ascending]', { hasText: 'Product' }).waitFor();

    await page.getByRole('button', { name: 'Next' }).click();
    await reads(page, '#products .panel-foot', '51–100 of 1,001');
    await page.reload();
    await reads(page, '#products .panel-foot', '51–100 of 1,001');
    await page.locator('th[aria-sort=ascending]', { hasText: 'Product' }).waitFor();
    await page.getByRole('searchbox').fill('Product 99');
    await reads(page, '#products .panel-foot', '1–11 of 11');
    t.match(
      page.url(),
      /\?sort=product\.asc&q=Product\+99$/,
      'what is looked at is in the address',
    );
    t.equal(
      await page.locator('#products').getByRole('link', { name: 'CSV' }).getAttribute('href'),
      '/api/products/export?format=csv&sort=product&order=asc&filter=Product+99',
    );
    await page.reload();
    await reads(page, '#products .panel-foot', '1–11 of 11');
  });

  t.test('beyond the thousand it has, the page asks the server', async (t) => {
    const all = Array.from({ length: 1234 }, (_, index) => ({
      product: `Product ${index + 1}`,
      count: 5000 - index,
      averagePrice: index + 0.5,
    }));
    const perProduct = Object.fromEntries(
      all.slice(0, 1000).map(({ product, ...average }) => [product, average]),
    );
    const { server, page } = await dashboard(t, {
      metrics: someMetrics({ perProduct, productCount: 1234 }),
    });
    server.setProducts(all);
    await reads(page, '#products .panel-foot', '1–50 of 1,234');
    await reads(page, '#products .panel-title', 'Products 1,234');
    await page.getByRole('button', { name: 'Next' }).click();
    await reads(page, '#products .panel-foot', '51–100 of 1,234');
    t.same(server.asked, [], 'what it has it does not ask for');

    await page.getByRole('button', { name: 'Orders' }).click();
    await page.locator('th[aria-sort=ascending]', { hasText: 'Orders' }).waitFor();
    await reads(page, '#products tbody tr', /^Product 1234/);
    await page.getByRole('button', { name: 'Next' }).click();
    await reads(page, '#products tbody tr', /^Product 1184/);
    t.match(server.asked.at(-1), 'page=2&size=50&sort=count&order=asc&filter=');

    const filter = page.getByRole('searchbox', { name: 'Filter products by name' });
    await filter.fill('Product 12');
    await reads(page, '#products tbody tr', /^Product 1234/);
    t.equal(await page.locator('#products tbody tr').count(), 46);
    await filter.fill('nothing like it');
    await reads(page, '.empty', 'No product matches “nothing like it”.');
    await picture(page, 'filter-without-result');
  });

  t.test('a server restarted with its clock set back is followed', async (t) => {
    const { server, page } = await dashboard(t);
    await pill(page, 'Live').waitFor();
    await server.restart(1);
    server.change({ metrics: someMetrics({ totalCount: 7001 }) });
    await reads(page, '.card', '7,001');
    await pill(page, 'Live').waitFor();
  });

  t.test('what the server does not know is a dash, not a zero', async (t) => {
    const status = aStatus({ phase: 'starting', reasons: ['reading what the group has come to'] });
    const { server, page } = await dashboard(t, {
      metrics: null,
      deadLetters: [],
      lag: [],
      status,
    });
    await pill(page, 'Not ready').waitFor();
    for (const name of ['Orders processed', 'Overall average', 'Consumer lag', 'Dead letters']) {
      t.equal(await figure(page, name).textContent(), '—', name);
    }
    t.equal(await page.locator('.empty').count(), 0, 'nothing is said to be empty');
    server.change({ metrics: someMetrics(), status: aStatus() });
    await reads(page, '.card', '6,854');
  });

  t.test('dead letters wait while somebody reads them', async (t) => {
    const { server, page } = await dashboard(t);
    const first = page.locator('.letter').first();
    const before = await first.textContent();
    await first.hover();
    server.change({ deadLetters: deadLetters(3, 23) });
    const show = page.getByRole('button', { name: '3 new since you started reading' });
    await show.waitFor();
    t.equal(await first.textContent(), before);
    await show.click();
    await show.waitFor({ state: 'detached' });
    t.not(await first.textContent(), before);
  });

  for (const [name, options] of Object.entries({ phone: PHONE, narrow: NARROW })) {
    t.test(`fits the ${name} screen, light and dark`, async (t) => {
      const { server, page } = await dashboard(t, {}, options);
      await pill(page, 'Live').waitFor();
      t.equal(await page.locator('#products tbody tr').count(), 9);
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), options.viewport.width);
      const small = `[...document.querySelectorAll('button')].filter((button) => {
        const { width, height } = button.getBoundingClientRect();
        return width < 44 || height < 44;
      }).length`;
      t.equal(await page.evaluate(small), 0, 'every target is large enough for a finger');
      await picture(page, `${name}-light`);
      await page.emulateMedia({ colorScheme: 'dark' });
      await picture(page, `${name}-dark`);

      const { kafka } = aStatus();
      server.change({ status: aStatus({ kafka: { ...kafka, up: false, error: 'ECONNREFUSED' } }) });
      await pill(page, 'Kafka down').waitFor();
      await page.getByRole('button', { name: 'What to do' }).click();
      await reads(page, '.context', 'goes on where it stopped');
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), options.viewport.width);
      await picture(page, `${name}-what-to-do`);
    });
  }

  t.test('follows the system into the dark, unless told otherwise, and remembers', async (t) => {
    const { page } = await dashboard(t, {}, { colorScheme: 'dark' });
    const lightness = `parseFloat(getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/)[0])`;
    await pill(page, 'Live').waitFor();
    t.ok((await page.evaluate<number>(lightness)) < 0.5, 'dark');
    await picture(page, 'live-dark');
    await page.getByRole('button', { name: /^Theme: system/ }).click();
    t.ok((await page.evaluate<number>(lightness)) > 0.5, 'light');
    await page.reload();
    await page.getByRole('button', { name: /^Theme: light/ }).waitFor();
    t.ok((await page.evaluate<number>(lightness)) > 0.5, 'still light');
  });

  t.test('moves nothing for who asked for less motion', async (t) => {
    const { page } = await dashboard(t, {}, { reducedMotion: 'reduce' });
    await pill(page, 'Live').waitFor();
    await reads(page, '[role=status]', 'Live updates on.');
    t.equal(await page.evaluate('document.getAnimations().length'), 0);
  });

  t.test('no page complained, of the CSP or otherwise', async (t) => {
    t.same(chromium.complaints, []);
  });
});

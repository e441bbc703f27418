// Dead letters found, understood and sent again, in a real browser, with the keyboard where it matters.
import t, { type Test } from 'tap';
import type { Snapshot } from '../../server/http/contract.ts';
import { layoutShift, withChromium } from '../fixtures/chromium.ts';
import { button, openDashboard, PHONE, picture, reads } from '../fixtures/dashboard.ts';
import { redriveShown } from '../fixtures/fake-letters.ts';

t.test('dead letters on the page', async (t) => {
  t.setTimeout(300_000);
  const chromium = await withChromium(t);
  if (!chromium) return;
  const dashboard = (t: Test, path = '', change: Partial<Snapshot> = {}, options = {}) =>
    openDashboard(t, chromium, change, options, path);

  t.test('by reason, then all of one reason, page by page, kept in the address', async (t) => {
    const { page } = await dashboard(t);
    await button(page, 'By reason').click();
    await reads(page, '.group', /PRICE_NEGATIVE: price is -#\s*26 letters/);
    t.equal(await page.locator('.group').count(), 5);
    const bars = page.locator('.group .bars').first();
    t.match(await bars.getAttribute('aria-label'), /^In the last hour, .*: 0, 0, 3, 1/);
    await picture(page, 'letters-by-reason');
    await page
      .locator('.group', { hasText: 'PRICE_NEGATIVE' })
      .getByRole('button', { name: 'Show letters' })
      .click();
    await reads(page, '.panel-foot', 'page 1 · 26 match · 7 older ones are not held');
    t.match(page.url(), /letters=all.*group=PRICE_NEGATIVE/);

    await button(page, 'All reasons').click();
    await reads(page, '.panel-foot', 'page 1 · 130 match');
    await button(page, 'Older').click();
    await button(page, 'Older').click();
    await reads(page, '.panel-foot', 'page 3 · 130 match');
    t.equal(await page.locator('.letter').count(), 30);
    t.equal(await button(page, 'Older').isDisabled(), true, 'all of them were reached');
    await page.getByLabel('State').selectOption('parked');
    await reads(page, '#dead-letters', 'No dead letter matches.');
    t.match(page.url(), /state=parked/);
    const link = page.locator('#dead-letters').getByRole('link', { name: 'CSV' });
    const csv = await link.getAttribute('href');
    t.equal(csv, '/dlq/export?state=parked&format=csv', 'what is filtered is exported');
    await page.reload();
    await reads(page, '#dead-letters', 'No dead letter matches.');
  });

  t.test('a letter in full has an address of its own', async (t) => {
    const { server, page } = await dashboard(t);
    const { id } = server.letters.letters[0]!;
    await page.locator('.letter-more').first().click();
    await reads(page, '.dialog h2', 'Dead letter');
    await reads(page, '.dialog mark', /^[0-9a-f]{2}$/);
    await reads(page, '.dialog', 'Written as com.example.Order · raw · 0a1b2c3d4e5f6071');
    await reads(page, '.dialog', 'stopped at byte 6');
    await reads(page, '.dialog', 'trace 4bf92f3577b34da6a3ce929d0e0e4736');
    await reads(page, '.dialog .odd', 'U+200B');
    await picture(page, 'letter');
    t.match(page.url(), `dlq=`);
    await page.goBack();
    await page.locator('.dialog').waitFor({ state: 'detached' });
    await page.goto(`${server.url}?dlq=${id}`);
    await reads(page, '.dialog', `dead letter ${id}`);
    await page.keyboard.press('Escape');
    await page.locator('.dialog').waitFor({ state: 'detached' });
    t.notMatch(page.url(), /dlq=/);
    await page.goto(`${server.url}?dlq=9-9`);
    await reads(page, '.dialog [role=alert]', 'Message 9-9: retention has taken this dead letter.');
  });

  t.test('one letter is sent again with the keyboard alone, and taken back', async (t) => {
    const { server, page } = await dashboard(t);
    await page.locator('.letter-more').first().focus();
    await page.keyboard.press('Enter');
    await button(page, /^Redrive to/).focus();
    await page.keyboard.press('Enter');
    await reads(
      page,
      '.toast',
      /^Redriving message \S+ in 5 s\. Closing this page does not stop it/,
    );
    t.match(server.letters.told, [
      { method: 'POST', path: '/redrives', body: { delayMs: 5000, dryRun: false } },
    ]);
    await picture(page, 'undo');
    await button(page, 'Undo').focus();
    await page.keyboard.press('Enter');
    await reads(page, '.toast', 'Cancelled. Nothing was sent.');
    t.match(server.letters.told[1], { method: 'DELETE', path: '/redrives/command-1' });
  });

  t.test('a group is sent again after its numbers were seen, with a reason', async (t) => {
    const { server, page } = await dashboard(t, '?letters=groups');
    await button(page, 'Redrive 26').first().click();
    await reads(page, '.dialog', '26 letters would be sent. Already redriven: 2. Parked: 1.');
    await page.getByLabel('Why').fill('the gateway is back');
    await page.getByLabel(/Send 10 first/).check();
    await picture(page, 'redrive-group');
    await button(page, 'Redrive 26 letters').click();
    await reads(page, '.toast', 'The redrive begins in 5 s.');
    const [dry, real] = server.letters.told;
    t.match(dry, { body: { dryRun: true } });
    t.match(real, {
      body: { dryRun: false, why: 'the gateway is back', rate: 50, canary: { count: 10 } },
    });
  });

  t.test('selected letters are sent together', async (t) => {
    const { server, page } = await dashboard(t, '?letters=all');
    const boxes = page.getByRole('checkbox');
    await boxes.nth(0).check();
    await boxes.nth(2).check();
    await button(page, 'Redrive selected').click();
    await reads(page, '.dialog', '2 letters would be sent');
    const { letters, told } = server.letters;
    t.match(told[0], { body: { selection: { ids: [letters[0]!.id, letters[2]!.id] } } });
  });

  t.test('several are selected and sent again with the keyboard alone', async (t) => {
    const { server, page } = await dashboard(t, '?letters=all');
    await page.locator('.letter').first().waitFor();
    /** Goes from control to control until one of that name has the focus. */
    async function tabTo(name: string, key = 'Tab') {
      for (let presses = 0; presses < 40; presses += 1) {
        const text = await page.evaluate<string>(
          `document.activeElement.closest('label')?.textContent ?? document.activeElement.textContent`,
        );
        if (text.startsWith(name)) return;
        await page.keyboard.press(key);
      }
      t.fail(`${name} is out of reach`);
    }
    for (const key of ['d', 'x', 'j', 'x']) await page.keyboard.press(key);
    await reads(page, '.letters-bar', '2 selected');
    await tabTo('Redrive selected', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await reads(page, '.dialog', '2 letters would be sent.');
    await tabTo('Why');
    await page.keyboard.type('mended');
    await tabTo('Redrive 2 letters');
    await page.keyboard.press('Enter');
    await reads(page, '.toast', 'Undo');
    const [first, second] = server.letters.letters;
    const ids = [first!.id, second!.id];
    t.match(server.letters.told.at(-1), {
      path: '/redrives',
      body: { selection: { ids }, why: 'mended', dryRun: false },
    });
  });

  t.test('what became of a redrive is shown as it comes, and it can be cancelled', async (t) => {
    const { server, page } = await dashboard(t, '', { redrives: [redriveShown()] });
    await reads(
      page,
      '.redrive',
      /sending\s+Sent 12 of 14 · 9 processed · 1 failed again · 2 waiting/,
    );
    await reads(page, '.redrive', 'by dashboard: the gateway is back');
    server.change({
      redrives: [redriveShown({ state: 'done', sent: 14, processed: 13, waiting: 0 })],
    });
    await reads(page, '.redrive', /done\s+Sent 14 of 14 · 13 processed/);
    t.equal(await button(page, /^Cancel the redrive/).count(), 0, 'it is over');
    server.change({ redrives: [redriveShown()] });
    await button(page, /^Cancel the redrive/).click();
    await page.waitForLoadState();
    t.ok((await layoutShift(page)) < 0.05);
  });

  t.test('who may not act sees why, and a refusal is said in words', async (t) => {
    const why = 'READ_ONLY is set: this instance takes no commands';
    const off = await dashboard(t, '?letters=groups', { writing: { mode: 'off', why } });
    await button(off.page, 'Redrive 26').first().waitFor();
    t.ok(await button(off.page, 'Redrive 26').first().isDisabled());
    t.equal(await button(off.page, 'Redrive 26').first().getAttribute('title'), why);
    await off.page.locator('.letter-more, .group').first().waitFor();

    const { server, page } = await dashboard(t);
    server.letters.refuse('commands need the token');
    await button(page, 'Pause consumption').click();
    await page.getByLabel('Why').fill('lunch');
    await page.getByRole('button', { name: 'Pause', exact: true }).last().click();
    await reads(page, '.dialog [role=alert]', 'commands need the token');
  });

  t.test('consumption is paused with a reason, shown as such, and resumed', async (t) => {
    const { server, page } = await dashboard(t);
    await button(page, 'Pause consumption').click();
    await page.getByLabel('Why').fill('lunch');
    await page.getByRole('button', { name: 'Pause', exact: true }).last().click();
    await reads(page, '.toast', 'Consumption is being paused.');
    t.match(server.letters.told, [{ path: '/pause', body: { why: 'lunch' } }]);
    const at = new Date().toISOString();
    server.change({
      paused: [0, 1, 2].map((partition) => ({
        partition,
        at,
        by: 'dashboard',
        why: 'lunch',
        breaker: false,
      })),
    });
    await reads(page, '.pill', 'Consumption paused');
    await reads(page, '.context', /^Consumption is paused since .* by dashboard: lunch/);
    await reads(page, '.partitions', 'paused');
    await picture(page, 'consumption-paused');
    await page.locator('.context').getByRole('button', { name: 'Resume' }).click();
    await reads(page, '.dialog h2', 'Resume consumption?');
  });

  t.test(
    'one order is followed from its letter or by its id, and what was not looked at is said',
    async (t) => {
      const { server, page } = await dashboard(t);
      await page.locator('.letter-more').first().click();
      await button(page, 'Follow the order').click();
      await reads(page, '.dialog h2', 'Order ord_');
      t.match(page.url(), /\?order=ord_/);
      const [first, second] = await page.locator('.dialog .steps').allTextContents();
      t.match(first, /Produced.*\+1 s4 attempts failed.*\+14 sdead-lettered: /);
      t.match(second, /Sent again by ann, time 1.*1 attempt failed/);
      t.match(second, /waiting: still no answer, as of this checkpoint.*To be tried again/);
      await reads(page, '.dialog', '140,000 of 3,140,000 offsets of orders and 130 of 130');
      await reads(page, '.dialog li', 'orders[2] from offset 0 to 2999999: there was no time');
      await picture(page, 'order');
      await page.goBack();
      await reads(page, '.dialog h2', 'Dead letter');
      await page.keyboard.press('Escape');

      await page.getByLabel('Id of an order').fill('nobody');
      await page.keyboard.press('Enter');
      await reads(page, '.dialog', 'No record with this id was found.');
      await page.goto(`${server.url}?order=nobody`);
      await reads(page, '.dialog h2', 'Order nobody');
    },
  );

  t.test('fits the phone, dialogs included', async (t) => {
    const { page } = await dashboard(t, '?letters=all', {}, PHONE);
    await page.locator('.letter').first().waitFor();
    const left = (selector: string) =>
      page.evaluate<number>(
        `document.querySelector('.letter ${selector}').getBoundingClientRect().left`,
      );
    t.ok((await left('time')) < (await left('.letter-more')), 'time first, its button last');
    t.equal(await page.locator('.letter .odd').count(), 0, 'ordinary spaces are not odd');
    await page.locator('.letter-more').first().tap();
    await reads(page, '.dialog', 'stopped at byte 6');
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
    t.equal(
      await page.evaluate(`document.querySelector('.dialog').scrollWidth <= 390`),
      true,
      'nothing is cut',
    );
    await picture(page, 'letter-phone');
  });

  t.test('no page complained', async (t) => {
    t.same(chromium.complaints, []);
  });
});

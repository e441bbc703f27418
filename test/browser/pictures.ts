// `npm run pictures`: the pictures of the README, taken of the real service on the embedded broker while an
// incident goes its way: orders flow, a gateway refuses some of them, it is mended, they are sent again, and
// Kafka goes away.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { projectRoot } from '../../server/cli/project-root.ts';
import { startDevBroker } from '../../server/dev-broker/broker.ts';
import type { Order } from '../../server/orders/order.ts';
import { launchChromium } from '../fixtures/chromium.ts';
import { button, figure, pill, reads } from '../fixtures/dashboard.ts';
import { withService } from '../fixtures/service.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

const PICTURES = new URL('.github/pictures/', projectRoot);
const SCREEN = { viewport: { width: 1280, height: 800 } };
const QUALITY = 0.8;
const MAX_BYTES = 60 * 1024;

const ends: (() => unknown)[] = [];
const scope = {
  teardown: (end: () => unknown) => ends.push(end),
  pass: () => {},
  fail(message: string) {
    throw new Error(message);
  },
};

/** Answers 404 for one product until it is mended, and for a tenth of its orders afterwards. */
async function startGateway() {
  let isMended = false;
  let asked = 0;
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { product } = JSON.parse(text) as Order;
    asked += 1;
    const isRefused = product === 'Item3' && (!isMended || asked % 10 === 0);
    response.writeHead(isRefused ? 404 : asked % 40 === 0 ? 503 : 204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => server.close());
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    mend() {
      isMended = true;
    },
  };
}

/** As WebP, which the browser makes of its own picture. */
async function keep(page: Page, name: string): Promise<void> {
  const png = (await page.screenshot()).toString('base64');
  const url = await page.evaluate<string>(`(async () => {
    const image = new Image();
    image.src = 'data:image/png;base64,${png}';
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', ${QUALITY});
  })()`);
  const bytes = Buffer.from(url.split(',')[1]!, 'base64');
  if (bytes.length > MAX_BYTES) throw new Error(`${name} has ${bytes.length} bytes`);
  writeFileSync(new URL(`${name}.webp`, PICTURES), bytes);
  console.log(`${name}.webp, ${bytes.length} bytes`);
}

function produce(brokers: string, ...options: string[]): void {
  const file = fileURLToPath(new URL('dist/server/cli/produce.js', projectRoot));
  const all = [file, '--brokers', brokers, '--products', '12', ...options];
  const child = spawn(process.execPath, all, { stdio: 'ignore' });
  ends.push(() => child.kill());
}

async function main(): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  const gateway = await startGateway();
  const settings = { port: 0, directory: null, environment: 'development', logger: silentLogger };
  const broker = await startDevBroker(settings);
  ends.push(() => broker.close());
  const { url } = await withService(scope, {
    ...{ KAFKA_BROKERS: broker.address, HANDLER_URL: gateway.url, RETRY_BACKOFF_MS: '2000' },
  });
  const browser = await launchChromium();
  ends.push(() => browser.close());
  const page = await browser.newPage(SCREEN);
  page.setDefaultTimeout(120_000);
  await page.goto(url);
  await pill(page, 'Live').waitFor();
  produce(broker.address, '--rate', '6', '--bad', '0.03');
  await figure(page, 'Orders processed')
    .filter({ hasText: /^[4-9]\d\d$/ })
    .waitFor();
  await keep(page, 'live');

  await button(page, 'By reason').click();
  await page.locator('.group', { hasText: 'PERMANENT' }).getByText('Show letters').click();
  await page.locator('.letter-more').first().click();
  await reads(page, '.dialog', 'Decoded');
  await keep(page, 'dead-letter');
  await page.keyboard.press('Escape');

  gateway.mend();
  await button(page, 'By reason').click();
  const group = page.locator('.group', { hasText: 'PERMANENT' });
  await group.getByRole('button', { name: /^Redrive/ }).click();
  await page.getByLabel('Why').fill('the gateway is back');
  await page.locator('.dialog .primary').click();
  await button(page, 'Dismiss').click();
  await reads(page, '.redrive', /done.*[1-9]\d* processed/s);
  await page.locator('.redrive').first().scrollIntoViewIfNeeded();
  await keep(page, 'redrive');

  await page.emulateMedia({ colorScheme: 'dark' });
  await page.evaluate('scrollTo(0, 0)');
  await broker.close();
  await pill(page, 'Kafka down').waitFor();
  await reads(page, '.context', 'Kafka is unreachable');
  await keep(page, 'kafka-away');
}

try {
  await main();
} finally {
  for (const end of ends.reverse()) await end();
}

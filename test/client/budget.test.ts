// What a browser has to load, as it is sent: gzip -9.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import t from 'tap';

const page = new URL('../../page/', import.meta.url);
const KIB = 1024;

const files = readdirSync(new URL('assets/', page)).filter((name) => name.endsWith('.gz'));
const size = (names: readonly string[]) =>
  names.reduce((sum, name) => sum + statSync(new URL(`assets/${name}`, page)).size, 0);
const scripts = files.filter((name) => name.endsWith('.js.gz'));
const styles = files.filter((name) => name.endsWith('.css.gz'));

t.test('all of the page is at most 32 KiB of JavaScript and 8 KiB of CSS', async (t) => {
  t.ok(size(scripts) > 0);
  t.ok(size(scripts) <= 32 * KIB, `${size(scripts)} bytes of JavaScript`);
  t.ok(size(styles) <= 8 * KIB, `${size(styles)} bytes of CSS`);
});

t.test('the numbers are there after at most 22 KiB of it', async (t) => {
  const html = readFileSync(new URL('index.html', page), 'utf8');
  const first = scripts.filter((name) => html.includes(name.slice(0, -'.gz'.length)));
  t.ok(first.length > 0);
  t.ok(size(first) <= 22 * KIB, `${size(first)} bytes before the first paint`);
});

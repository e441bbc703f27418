// The README against the program: what can be compared is compared.
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { usage as produceUsage } from '../server/cli/produce-options.ts';
import { startUsage } from '../server/cli/start-options.ts';
import { settingRows } from '../server/config.ts';

const readme = readFileSync('README.md', 'utf8');

t.test('the table of settings is the one that the program reads', async (t) => {
  const section = readme.split('\n## Configuration\n')[1]!.split('\n## ')[0]!;
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const cells = rows.map((row) => row.replaceAll('`', '').split('|').slice(1, -1));
  t.strictSame(
    cells.map((row) => row.map((cell) => cell.trim())),
    settingRows.map(({ name, default: byDefault, meaning }) => [name, byDefault, meaning]),
  );
});

t.test('the help names every setting, and how to begin', async (t) => {
  const help = startUsage();
  for (const { name, default: byDefault, meaning } of settingRows) {
    const line = help.split('\n').find((each) => each.trim().startsWith(`${name} `)) ?? '';
    t.ok(line.includes(meaning) && line.includes(byDefault), name);
  }
  t.match(help, /^order-stream \d+\.\d+\.\d+/);
});

t.test('every command of the README exists, with its options', async (t) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const [, name = ''] of readme.matchAll(/npm run ([a-z:]+)/g)) t.ok(name in scripts, name);
  const [, produce = ''] = /\| `npm run produce.*?\|(.*)\|/.exec(readme) ?? [];
  for (const [option] of produce.matchAll(/--[a-z]+/g)) t.ok(produceUsage.includes(option), option);
});

t.test('every file that the README names is there', async (t) => {
  for (const [, path = ''] of readme.matchAll(/\]\(([^#):]+)\)/g)) t.ok(existsSync(path), path);
});

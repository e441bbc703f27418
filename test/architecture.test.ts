// The dependency rule, asserted from the imports as they stand.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';

type Import = { from: string; to: string; typeOnly: boolean };

/** What a part of the house may import: parts, or single files by their path; `types` only as `import type`. */
type Rule = { may: string[]; types?: string[]; packages: (string | RegExp)[] };

const ANY_NODE = /^node:/;
const rules: Record<string, Rule> = {
  entry: {
    may: ['service', 'http', 'cli', 'config', 'errors'],
    packages: [ANY_NODE, 'close-with-grace'],
  },
  errors: { may: [], packages: [] },
  config: { may: ['config', 'errors'], packages: ['node:net'] },
  service: {
    may: [
      'service',
      'http',
      'kafka',
      'orders',
      'orders/contract',
      'schemas',
      'view',
      'task',
      'log',
      'config',
      'errors',
      'dev-broker',
    ],
    packages: [ANY_NODE, 'pino', 'prom-client', '@opentelemetry/api'],
  },
  // The business knows the core; the core knows no business.
  orders: {
    may: ['orders', 'orders/contract', 'schemas', 'view', 'task', 'log', 'errors'],
    packages: ['avsc', 'node:fs'],
  },
  // What is shown of the business: http/contract.ts puts it together with what is shown of the core.
  'orders/contract': { may: [], packages: ['typebox'] },
  // Avro and the registry; they know no order.
  schemas: { may: ['schemas', 'log', 'errors'], packages: ['avsc'] },
  view: { may: ['view', 'log', 'errors', 'record-batch'], packages: [] },
  task: { may: ['task', 'log', 'errors', 'record-batch'], packages: [] },
  log: {
    may: ['log', 'errors', 'record-batch'],
    packages: ['avsc', 'node:fs', 'node:crypto', 'node:events'],
  },
  'record-batch': {
    may: ['record-batch'],
    packages: ['node:zlib', 'node:util', 'node:crypto', 'node:timers/promises', 'fzstd'],
  },
  kafka: {
    may: ['kafka', 'log', 'errors', 'record-batch'],
    packages: [ANY_NODE, 'kafkajs', /^kafkajs\//],
  },
  http: {
    may: ['http', 'orders/contract', 'server/log/clock.ts', 'errors'],
    // How letters are named, in an answer as in a command.
    types: ['server/log/selection.ts'],
    packages: [ANY_NODE, 'fastify', /^@fastify\//, 'typebox'],
  },
  cli: {
    may: [
      'cli',
      'service',
      'kafka',
      'orders',
      'schemas',
      'task',
      'log',
      'config',
      'errors',
      'dev-broker',
    ],
    types: ['http'],
    packages: [ANY_NODE, 'yaml', 'avsc'],
  },
  'dev-broker': { may: ['dev-broker', 'record-batch'], packages: [ANY_NODE] },
  client: { may: ['client'], types: ['http'], packages: [/^preact/, 'vite', /^@/, ANY_NODE] },
};

/** Files that may look at the environment and the process. */
const MAY_TOUCH_PROCESS = [/^server\/main\.ts$/, /^server\/cli\//, /^client\/vite\.config\.ts$/];

function partOf(path: string): string {
  if (path === 'server/errors.ts') return 'errors';
  if (path === 'server/config.ts') return 'config';
  if (path === 'server/orders/contract.ts') return 'orders/contract';
  const [top, folder, file] = path.split('/');
  if (top === 'client') return 'client';
  return file === undefined ? 'entry' : (folder ?? '');
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)(\s+type)?\s[^;'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s*['"]([^'"]+)['"]/g;

function importsOf(path: string, source: string): Import[] {
  return [...source.matchAll(IMPORT)].map(([, type, from, dynamic, bare]) => {
    const name = from ?? dynamic ?? bare ?? '';
    const to = name.startsWith('.') ? normalize(join(dirname(path), name)) : name;
    return { from: path, to, typeOnly: type !== undefined };
  });
}

/** Every import and use of the process that breaks the rule, in words. */
function violations(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [path, source] of files) {
    const rule = rules[partOf(path)];
    if (rule === undefined) {
      found.push(`${path} belongs to no part of the house`);
      continue;
    }
    for (const { to, typeOnly } of importsOf(path, source)) {
      const isLocal = to.startsWith('server/') || to.startsWith('client/');
      const allowed = isLocal
        ? rule.may.some((name) => name === partOf(to) || name === to) ||
          (typeOnly && rule.types?.some((name) => name === partOf(to) || name === to))
        : rule.packages.some((name) => (typeof name === 'string' ? name === to : name.test(to))) ||
          to.endsWith('.css');
      if (!allowed) found.push(`${path} imports ${to}`);
    }
    const touches = /\bprocess\.(env|exit|argv|on|stdout|stderr)\b/.test(source);
    if (touches && !MAY_TOUCH_PROCESS.some((allowed) => allowed.test(path))) {
      found.push(`${path} touches the process`);
    }
  }
  return found;
}

function sources(): Map<string, string> {
  const files = new Map<string, string>();
  for (const top of ['server', 'client']) {
    for (const name of readdirSync(top, { recursive: true, encoding: 'utf8' })) {
      const path = join(top, name);
      if (/\.tsx?$/.test(path)) files.set(path, readFileSync(path, 'utf8'));
    }
  }
  return files;
}

t.test('every import follows the dependency rule', async (t) => {
  const files = sources();
  t.ok(files.size > 50, 'the sources are found');
  t.same(violations(files), []);
});

t.test('a planted import is found', async (t) => {
  const planted: [string, string, RegExp][] = [
    ['server/task/x.ts', "import { Kafka } from 'kafkajs';", /imports kafkajs/],
    ['server/task/x.ts', "import { y } from '../kafka/y.ts';", /imports server\/kafka\/y\.ts/],
    ['server/task/x.ts', "import type { y } from '../orders/y.ts';", /imports server\/orders/],
    ['server/view/x.ts', "import { y } from '../orders/y.ts';", /imports server\/orders/],
    ['server/view/x.ts', "import { y } from '../task/y.ts';", /imports server\/task/],
    ['server/kafka/x.ts', "import fastify from 'fastify';", /imports fastify/],
    ['server/log/x.ts', "import {\n  a,\n} from '../task/ledger.ts';", /imports server\/task/],
    ['server/http/x.ts', "import { add } from '../orders/averages.ts';", /imports server\/orders/],
    ['server/orders/contract.ts', "import { add } from './averages.ts';", /imports server\/orders/],
    ['server/dev-broker/x.ts', "import { x } from '../errors.ts';", /imports server\/errors/],
    ['server/task/x.ts', 'const port = process.env.PORT;', /touches the process/],
    ['client/src/x.ts', "import { Snapshot } from '../../server/http/contract.ts';", /contract/],
    ['server/task/x.ts', "await import('prom-client');", /imports prom-client/],
    ['server/wherever/x.ts', '', /no part of the house/],
  ];
  for (const [path, source, words] of planted) {
    t.match(violations(new Map([[path, source]])), [words], source);
  }
  const allowed = new Map([
    ['client/src/x.ts', "import type { Snapshot } from '../../server/http/contract.ts';"],
    ['server/orders/x.ts', "import type { Handle } from '../task/calls.ts';"],
  ]);
  t.same(violations(allowed), []);
});

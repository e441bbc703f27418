// The commands as processes: what they do with arguments, with a port that is taken, and with a reader
// that has gone away.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { projectRoot } from '../../server/cli/project-root.ts';
import { withDevBroker, withRawClient } from '../fixtures/dev-broker.ts';
import { freePort } from '../fixtures/free-port.ts';

const dist = fileURLToPath(new URL('dist/', projectRoot));
const commands = [
  'server/main.js',
  'server/cli/produce.js',
  'server/cli/broker.js',
  'server/cli/healthcheck.js',
  'server/cli/apache-kafka/main.js',
  'server/cli/schema-registry/main.js',
  'test/bench/main.js',
  'test/chaos/main.js',
  'test/chaos/measure.js',
];

type Result = { code: number | null; out: string; err: string };

/** Runs a command to its end; `hear` is given what it writes to stdout. */
function run(
  t: Test,
  [file = '', ...args]: readonly string[],
  env: Record<string, string> = {},
  hear: (text: string, child: ReturnType<typeof spawn>) => void = () => {},
): Promise<Result> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [dist + file, ...args], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      said.out += chunk;
      hear(said.out, child);
    });
    child.stderr.on('data', (chunk) => {
      said.err += chunk;
    });
    child.on('close', (code) => done({ code, ...said }));
  });
}

t.test('--help helps and does nothing else', async (t) => {
  // Settings that would be refused: help comes before all else.
  const env = { PORT: 'x' };
  await Promise.all(
    commands.map(async (command) => {
      const { code, out, err } = await run(t, [command, '--help'], env);
      t.match({ code, err }, { code: 0, err: '' }, command);
      t.match(out, /npm (run|start)|node dist/, command);
    }),
  );
});

t.test('what is no option is refused in words, and nothing is started', async (t) => {
  await Promise.all(
    commands.map(async (command) => {
      const { code, out, err } = await run(t, [command, '--prot', '4001']);
      t.not(code, 0, command);
      t.equal(out, '', command);
      t.match(err, /--prot is not an option; see --help/, command);
      t.notMatch(err, /^ +at /m, 'no stack');
    }),
  );
});

t.test('--version is that of the package', async (t) => {
  const { out } = await run(t, ['server/main.js', '--version']);
  t.match(out, /^\d+\.\d+\.\d+\n$/);
});

t.test('--print-config shows what is in force and starts nothing', async (t) => {
  const { code, out } = await run(t, ['server/main.js', '--print-config'], { PORT: '4321' });
  t.equal(code, 0);
  t.match(out, /^PORT=4321 {3}# set$/m);
  t.match(out, /^GROUP_ID=order-consumer-group$/m);
});

t.test('SIGUSR2 makes a running service talk more, and again as before', async (t) => {
  const env = { PORT: '0', KAFKA_BROKERS: '127.0.0.1:1', LOG_LEVEL: 'info' };
  const levels: string[] = [];
  let asked = 0;
  const { code } = await run(t, ['server/main.js'], env, (text, child) => {
    levels.splice(
      0,
      9,
      ...[...text.matchAll(/"now":"(\w+)","msg":"the log level/g)].map(([, level = '']) => level),
    );
    if (!text.includes('http://localhost:') || levels.length < asked) return;
    asked += 1;
    if (asked > 2) child.kill('SIGTERM');
    else child.kill('SIGUSR2');
  });
  t.strictSame(levels, ['debug', 'info']);
  t.equal(code, 0);
});

t.test('wrong values of options are told all at once', async (t) => {
  const { code, err } = await run(t, [
    'server/cli/broker.js',
    '--port',
    'x',
    '--memory',
    '--data=y',
  ]);
  t.equal(code, 2);
  t.match(err, /--port is a whole number .*\n.*--memory and --data exclude each other/);
});

t.test('a generator without a Kafka says what it could not reach', async (t) => {
  const env = { KAFKA_BROKERS: `localhost:${await freePort()}` };
  const { code, err } = await run(t, ['server/cli/produce.js'], env);
  t.equal(code, 1);
  t.match(err, /^no Kafka at localhost:\d+: .*ECONNREFUSED[^\n]*\n$/);
});

t.test('a generator whose reader goes away ends without a stack', async (t) => {
  const { address } = await withDevBroker(t);
  const args = ['server/cli/produce.js', '--rate', '10', '--brokers', address];
  const { code, err } = await run(t, args, {}, (_, child) => child.stdout?.destroy());
  t.strictSame({ code, err }, { code: 0, err: '' });
});

t.test('a broker whose reader goes away goes on', async (t) => {
  const port = await freePort();
  let served = '';
  const args = ['server/cli/broker.js', '--memory', '--port', `${port}`];
  const { code, err } = await run(t, args, {}, async (out, child) => {
    if (!out.includes('Ctrl-C')) return;
    child.stdout?.destroy();
    // One connection too many is something that it says.
    const clients = await Promise.all(Array.from({ length: 100 }, () => withRawClient(t, port)));
    await (await withRawClient(t, port)).send(Buffer.from(''));
    await clients[0]!.ask('ListGroups', {});
    served = 'it answers';
    child.kill('SIGTERM');
  });
  t.strictSame({ code, err, served }, { code: 0, err: '', served: 'it answers' });
});

t.test('a second broker on a port is told what runs there', async (t) => {
  const { port } = await withDevBroker(t);
  const second = await run(t, ['server/cli/broker.js', '--memory', '--port', `${port}`]);
  t.equal(second.code, 1);
  t.match(second.err, /^an embedded broker runs on localhost:\d+ already, .*\n$/);
});

t.test(
  'the broker keeps its data where the settings say, and takes arguments before them',
  async (t) => {
    const folder = t.testdir();
    const started = (args: readonly string[], env: Record<string, string>) =>
      run(t, ['server/cli/broker.js', '--port', '0', ...args], env, (out, child) => {
        if (out.includes('Ctrl-C')) child.kill('SIGTERM');
      });
    const cases: [string[], Record<string, string>, string][] = [
      [[], { BROKER_DATA: `${folder}/a` }, `${folder}/a`],
      [[], { BROKER_DATA: `${folder}/b`, BROKER_MEMORY: 'true' }, 'memory'],
      [['--memory'], { BROKER_DATA: `${folder}/c` }, 'memory'],
      [['--data', `${folder}/d`], { BROKER_MEMORY: 'true' }, `${folder}/d`],
      [[], { BROKER_DATA: '.tap/relative' }, fileURLToPath(new URL('.tap/relative', projectRoot))],
    ];
    await Promise.all(
      cases.map(async ([args, env, where]) => {
        const { code, out } = await started(args, env);
        t.equal(code, 0);
        t.match(out.split('\n')[0]?.endsWith(`, ${where}`), true, where);
      }),
    );
    const file = `${t.testdir({ file: '' })}/file`;
    const { code, err } = await started([], { BROKER_DATA: file });
    t.equal(code, 1);
    t.match(err, /cannot use the folder .*BROKER_DATA names the folder/);
  },
);

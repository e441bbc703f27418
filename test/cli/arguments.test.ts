import t from 'tap';
import { readArguments } from '../../server/cli/arguments.ts';

const options = { port: { type: 'string' }, memory: { type: 'boolean' } } as const;
const read = (...args: string[]) => {
  const { texts, faults } = readArguments(args, options);
  return { texts: Object.fromEntries(texts), faults };
};

t.test('options are read in either spelling, the last one wins', async (t) => {
  t.strictSame(read('--port', '1', '--port=2', '--memory'), {
    texts: { port: '2', memory: '' },
    faults: [],
  });
  t.strictSame(read('--port', '-1').texts, { port: '-1' }, 'a negative number is a value');
});

t.test('help is an option of every command', async (t) => {
  for (const help of ['--help', '-h'])
    t.strictSame(read(help), { texts: { help: '' }, faults: [] });
});

t.test('everything that is no option is told, all at once', async (t) => {
  const { texts, faults } = read('--prot', '1', '-x', '--port', '--memory=yes', '--constructor');
  t.strictSame(texts, {});
  t.strictSame(faults, [
    '--prot is not an option; see --help',
    '"1" is not an option',
    '-x is not an option; see --help',
    '--port needs a value',
    '--constructor is not an option; see --help',
  ]);
  t.strictSame(read('--memory=yes').faults, ['--memory takes no value']);
  t.strictSame(read('--port=').faults, ['--port needs a value']);
  t.strictSame(read('--port', ' ').faults, ['--port needs a value']);
  t.strictSame(read('--port').faults, ['--port needs a value']);
});

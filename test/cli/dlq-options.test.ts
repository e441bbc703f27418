import t from 'tap';
import { COMMANDS, parseDlqOptions, usage } from '../../server/cli/dlq-options.ts';
import { pauseBody, redriveBody } from '../../server/cli/dlq-requests.ts';

t.test('every command has a help of its own, and all of them are named in the first', async (t) => {
  for (const command of COMMANDS) {
    t.ok(usage.includes(command));
    t.match(parseDlqOptions([command, '--help']), { help: `npm run dlq -- ${command}` });
  }
  t.same(parseDlqOptions([]), { help: usage });
});

t.test('wrong arguments are refused, all at once', async (t) => {
  const wrong: [string, RegExp][] = [
    ['nothing', /no command/],
    ['show', /needs an id/],
    ['show 0-1 0-2', /takes no "0-2"/],
    ['list --state', /needs a value/],
    ['list --what x', /not an option/],
    ['pause', /--why is missing/],
    ['redrive', /ids, a filter, or --all/],
    ['redrive 0-1 --all', /exclude each other/],
    ['redrive 0-1 x-y', /"x-y" is no dead letter.*0-17/],
    [`redrive ${Array.from({ length: 201 }, (_, n) => `0-${n}`).join(' ')}`, /at most 200 ids/],
    ['redrive --all --value {}', /one id/],
    ['redrive 0-1 --value {', /no JSON/],
    ['redrive --all --timeout x', /goes with --yes[\s\S]*--timeout is no whole number/],
    ['redrive --all --yes --no-wait --timeout 5', /exclude each other/],
    [
      'redrive --all --rate x --canary y --max-failed 2',
      /--canary[\s\S]*--rate[\s\S]*--max-failed/,
    ],
  ];
  for (const [line, words] of wrong) {
    t.throws(() => parseDlqOptions(line.split(' ')), { message: words }, line);
  }
});

t.test('options become the body of a command', async (t) => {
  const body = (line: string, dryRun = false) => {
    const options = parseDlqOptions(line.split(' '));
    if ('help' in options) throw new Error('help was asked for');
    return redriveBody(options.names, options.texts, dryRun);
  };
  t.same(body('redrive 0-1 2-3 --rate none --yes'), {
    method: 'POST',
    path: '/redrives',
    body: { selection: { ids: ['0-1', '2-3'] }, rate: null, dryRun: false },
  });
  t.same(body('redrive --code A --canary 5 --why x', true).body, {
    selection: { filter: { code: 'A' } },
    canary: { count: 5, maxFailed: 0 },
    why: 'x',
    dryRun: true,
  });
  t.match(body('redrive --all'), { body: { selection: { filter: {} } } });
  t.match(body('redrive 0-1 --value {"a":1}'), {
    method: 'PUT',
    path: '/dlq/0-1/redrive',
    body: { value: { json: { a: 1 } } },
  });
  t.same(
    pauseBody(
      new Map([
        ['partitions', '0,2'],
        ['why', 'x'],
      ]),
    ),
    { partitions: [0, 2], why: 'x' },
  );
  t.throws(() => pauseBody(new Map([['partitions', 'a']])), /--partitions/);
});

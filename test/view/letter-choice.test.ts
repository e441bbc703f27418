import t from 'tap';
import type { RedriveCommand } from '../../server/log/command.ts';
import { openRecordSet } from '../../server/record-batch/reader.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { createChooser } from '../../server/view/letter-choice.ts';
import { redriveOf } from '../fixtures/commands.ts';

const header = (name: string, value: string) => ({
  key: Buffer.from(name),
  value: Buffer.from(value),
});

function letter(change: Record<string, string | null> = {}, timestamp = 1000): RecordContent {
  const own: Record<string, string | null> = {
    errorReason: 'PERMANENT: no account 17',
    'orders.errors.group': 'g',
    'orders.errors.topic': 'orders',
    'orders.errors.partition': '0',
    'orders.errors.offset': '40',
    ...change,
  };
  const headers = Object.entries(own).flatMap(([name, value]) =>
    value === null ? [] : [header(name, value)],
  );
  return { timestamp, key: null, value: Buffer.from('An Order'), headers };
}

const redriven = (count: number) => ({
  'orders.redrive.group': 'g',
  'orders.redrive.dead-letter': '3',
  'orders.redrive.origin': '2',
  'orders.redrive.id': 'c',
  'orders.redrive.count': `${count}`,
  'orders.redrive.at': '1',
  'orders.redrive.by': 'ada',
});

/** What the letters, at offsets from 0 on, are to a redrive. */
async function choose(command: RedriveCommand, letters: readonly RecordContent[]) {
  const chosen = createChooser({ group: 'g', topic: 'orders' })(command, 0);
  const cursor = openRecordSet({ bytes: encodeBatch(letters), aborted: [] }, 0);
  const kinds: (string | null)[] = [];
  while (await cursor.nextBatch()) while (cursor.next()) kinds.push(chosen(cursor)?.kind ?? null);
  return kinds;
}

t.test('named letters are chosen, and no others', async (t) => {
  t.same(await choose(redriveOf([0, 2]), [letter(), letter(), letter()]), ['send', null, 'send']);
});

t.test('a filter chooses by all that it says, below its end', async (t) => {
  const filtered = (filter: object) =>
    redriveOf([], { selection: { kind: 'filter', filter, below: 2 } });
  const letters = [letter(), letter({ errorReason: 'RETRIES_EXHAUSTED: busy' }, 2000), letter()];
  t.same(await choose(filtered({}), letters), ['send', 'send', null]);
  t.same(await choose(filtered({ code: 'PERMANENT' }), letters), ['send', null, null]);
  t.same(await choose(filtered({ group: 'PERMANENT: no account #' }), letters), [
    'send',
    null,
    null,
  ]);
  t.same(await choose(filtered({ from: 1001 }), letters), [null, 'send', null]);
  t.same(await choose(filtered({ to: 2000 }), letters), ['send', null, null]);
  t.same(await choose(filtered({ q: 'an ORDER' }), letters), ['send', 'send', null]);
  t.same(await choose(filtered({ q: 'Busy' }), letters), [null, 'send', null]);
  t.same(await choose(filtered({ code: 'PERMANENT', from: 1500 }), letters), [null, null, null]);
});

t.test('what is not ours, or not whole, cannot be sent', async (t) => {
  const letters = [
    letter({ 'orders.errors.group': 'others' }),
    letter({ 'orders.errors.topic': 'others' }),
    letter({ 'orders.errors.partition': '1' }),
    letter({ 'orders.errors.offset': null }),
    letter({ 'orders.errors.value.bytes': '70000' }),
    letter({ 'orders.errors.key.bytes': '70000' }),
    letter({ 'orders.errors.headers.left-out': 'all' }),
  ];
  const kinds = await choose(redriveOf({ below: 7 }), letters);
  t.same(kinds, Array(7).fill('leftOut'));
  const edited = redriveOf([4], { value: Buffer.from('x') });
  t.same((await choose(edited, letters))[4], 'send', 'the value that was cut is another now');
});

t.test('what was redriven too often is parked, unless it is named', async (t) => {
  const letters = [letter(redriven(2)), letter(redriven(3))];
  t.same(await choose(redriveOf({ below: 2 }), letters), ['send', 'parked']);
  t.same(await choose(redriveOf([0, 1]), letters), ['send', 'send']);
});

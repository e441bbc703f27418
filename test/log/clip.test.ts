import t from 'tap';
import { clip, isoTime } from '../../server/log/clip.ts';

t.test('a text is cut between two characters, and an ellipsis says so', async (t) => {
  t.equal(clip('plain', 5), 'plain');
  t.equal(clip('plainer', 5), 'pl…');
  for (const sign of ['a', 'é', '€', '\u{1f600}']) {
    for (let max = 4; max < 40; max += 1) {
      for (const text of [sign.repeat(50), Buffer.from(sign.repeat(50))]) {
        const cut = clip(text, max);
        t.ok(Buffer.byteLength(cut) <= max && Buffer.byteLength(cut) > max - 7, `${sign} ${max}`);
        t.equal(cut, `${sign.repeat([...cut].length - 1)}…`);
      }
    }
  }
});

t.test('bytes that are no text are cut as well', async (t) => {
  t.equal(clip(Buffer.alloc(1000, 0x80), 10), `${'\ufffd'.repeat(4)}…`);
  t.equal(clip('\ud83d'.repeat(9), 9), '\ufffd\ufffd…');
});

t.test('every number has a time in ISO 8601', async (t) => {
  const times: [number, string][] = [
    [1_700_000_000_123, '2023-11-14T22:13:20.123Z'],
    [1_700_000_000_123_000, '9999-12-31T23:59:59.999Z'],
    [2 ** 63, '9999-12-31T23:59:59.999Z'],
    [Number.POSITIVE_INFINITY, '9999-12-31T23:59:59.999Z'],
    [-1, '1970-01-01T00:00:00.000Z'],
    [-(2 ** 63), '1970-01-01T00:00:00.000Z'],
    [Number.NaN, '1970-01-01T00:00:00.000Z'],
  ];
  for (const [ms, iso] of times) t.equal(isoTime(ms), iso);
});

import t from 'tap';
import { createProgressLine } from '../../server/cli/progress.ts';

function arrange(changes: Partial<Parameters<typeof createProgressLine>[0]> = {}) {
  const clock = { now: 0 };
  const written: string[] = [];
  const progress = createProgressLine({
    count: Number.POSITIVE_INFINITY,
    eachOrder: false,
    terminal: false,
    write: (text) => written.push(text),
    now: () => clock.now,
    ...changes,
  });
  return { clock, written, progress };
}

const good = { reason: undefined, describe: () => 'order 1' };
const bad = { reason: 'EMPTY', describe: () => 'order 2' };

t.test('a slow run names each order', async (t) => {
  const { written, progress, clock } = arrange({ eachOrder: true, terminal: true });
  progress.sent([good, bad]);
  clock.now = 4000;
  t.strictSame(written, ['order 1\n', 'order 2\n']);
  t.equal(progress.summary(), 'sent 2 orders, 1 of them bad, in 4 s (0.5/s)');
});

t.test('a fast run on a terminal redraws one line with rate and time left', async (t) => {
  const { written, progress, clock } = arrange({ terminal: true, count: 4000 });
  clock.now = 1000;
  progress.sent(Array(1000).fill(good));
  progress.sent([good]);
  t.strictSame(written, ['\r\u001b[K1,000 of 4,000 orders, 1,000/s, 3 s left']);
  t.ok(progress.summary().startsWith('\r\u001b[Ksent 1,001 orders'), 'the line gives way');
});

t.test('elsewhere it writes a plain line now and then', async (t) => {
  const { written, progress, clock } = arrange();
  for (clock.now = 1000; clock.now <= 10_000; clock.now += 1000) progress.sent([good]);
  t.strictSame(written, ['5 orders, 1/s\n', '10 orders, 1/s\n']);
});

import t from 'tap';
import { createAnnouncer } from '../../client/src/announcer.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

function listener() {
  const clock = manualClock();
  const heard: string[] = [];
  const announcer = createAnnouncer(clock, (text) => heard.push(text));
  return { clock, heard, ...announcer };
}

t.test('a state is spoken once it has settled, and once', async (t) => {
  const l = listener();
  l.state('Live.');
  await l.clock.advance(1999);
  t.same(l.heard, []);
  await l.clock.advance(1);
  l.state('Live.');
  await l.clock.advance(60_000);
  t.same(l.heard, ['Live.']);
});

t.test('a state that passes is not worth a word', async (t) => {
  const l = listener();
  l.state('Live.');
  await l.clock.advance(20_000);
  l.state('Polling.');
  await l.clock.advance(1000);
  l.state('Live.');
  await l.clock.advance(60_000);
  t.same(l.heard, ['Live.']);
});

t.test('it speaks at most once in ten seconds, and says what is true then', async (t) => {
  const l = listener();
  l.state('Live.');
  await l.clock.advance(2000);
  l.state('Polling.');
  await l.clock.advance(3000);
  l.state('Disconnected.');
  l.say('The server restarted.');
  await l.clock.advance(6999);
  t.same(l.heard, ['Live.']);
  await l.clock.advance(1);
  t.same(l.heard, ['Live.', 'Disconnected. The server restarted.']);
});

t.test('dead letters are counted together, every thirty seconds', async (t) => {
  const l = listener();
  l.deadLetters(20);
  await l.clock.advance(1000);
  l.deadLetters(21);
  l.deadLetters(23);
  await l.clock.advance(28_999);
  t.same(l.heard, []);
  await l.clock.advance(1);
  t.same(l.heard, ['3 new dead letters.']);
  l.deadLetters(24);
  await l.clock.advance(30_000);
  t.same(l.heard.at(-1), '1 new dead letter.');
});

import t from 'tap';
import { createLink } from '../../server/service/link.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

function world() {
  const clock = manualClock();
  return { clock, link: createLink(clock) };
}

t.test('before the first answer it is down, with the reason once there is one', async (t) => {
  const { clock, link } = world();
  t.match(link.state(), { up: false, error: null });
  link.failed('Connection error: connect ECONNREFUSED 127.0.0.1:9092');
  t.match(link.state(), { up: false, error: 'connect ECONNREFUSED 127.0.0.1:9092' });
  link.answered();
  t.match(link.state(), { up: true, error: null });
  await clock.advance(4000);
  t.ok(link.state().up);
});

t.test('a Kafka that says nothing from the start is down for a reason', async (t) => {
  const { clock, link } = world();
  await clock.advance(5001);
  t.match(link.state(), { up: false, error: 'no answer' });
});

t.test('one broker away of several is not Kafka away', async (t) => {
  const { clock, link } = world();
  for (let i = 0; i < 100; i += 1) {
    link.answered();
    link.failed('ECONNREFUSED');
    t.ok(link.state().up);
    await clock.advance(100);
  }
});

t.test('an error after which nobody answers is Kafka away, at once', async (t) => {
  const { clock, link } = world();
  link.answered();
  link.failed('EPIPE');
  await clock.advance(501);
  t.match(link.state(), { up: false, error: 'EPIPE' });
});

t.test('a frozen Kafka is away after five seconds, and since when is kept', async (t) => {
  const { clock, link } = world();
  link.answered();
  await clock.advance(5001);
  const { since } = link.state();
  t.match(link.state(), { up: false, error: 'no answer' });
  await clock.advance(60_000);
  t.equal(link.state().since, since);
});

t.test('an outage that nobody looked at moves the time of the return', async (t) => {
  const { clock, link } = world();
  link.answered();
  await clock.advance(60_000);
  link.answered();
  t.match(link.state(), { up: true, changedAt: 60_000 });
});

t.test(
  'that a connection could not be made is the reason until a better one is known',
  async (t) => {
    const { link } = world();
    link.suspect('Closed connection');
    t.equal(link.state().error, 'Closed connection');
    link.failed('Closed connection; the port may expect TLS');
    link.suspect('Closed connection');
    t.equal(link.state().error, 'Closed connection; the port may expect TLS');
  },
);

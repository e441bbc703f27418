import t from 'tap';
import { createPresence } from '../../server/kafka/presence.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

t.test('the generation is known from the first heartbeat after a join', async (t) => {
  const presence = createPresence(manualClock());
  t.equal(presence.generation(), null);
  t.equal(presence.joined(), true, 'it was no member before');
  t.equal(presence.generation(), null);
  t.equal(presence.heartbeat(7), false);
  t.equal(presence.generation(), 7);
  presence.joined();
  t.equal(presence.generation(), null, 'a rebalance makes another one');
});

t.test('a heartbeat ages, and nobody who is out has one', async (t) => {
  const clock = manualClock();
  const presence = createPresence(clock);
  t.equal(presence.heartbeatAge(), null);
  presence.joined();
  await clock.advance(300);
  t.equal(presence.heartbeatAge(), 300);
  presence.out();
  t.equal(presence.heartbeatAge(), null);
  t.equal(presence.generation(), null);
  t.equal(presence.heartbeat(2), true, 'a late answer may let it in again');
});

t.test('a member may be silent for the session, whoever joins for a minute', async (t) => {
  const clock = manualClock();
  const presence = createPresence(clock);
  presence.joining();
  await clock.advance(59_000);
  t.equal(presence.silence(), null);
  await clock.advance(1000);
  t.equal(presence.silence(), 'joining came to nothing for 60 s');
  presence.joined();
  await clock.advance(9000);
  t.equal(presence.silence(), null);
  await clock.advance(1000);
  t.equal(presence.silence(), 'no heartbeat was answered for 10 s');
  presence.joining();
  await clock.advance(30_000);
  t.equal(presence.silence(), null, 'a rebalance may have to wait for all others');
});

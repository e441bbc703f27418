import t from 'tap';
import { AppError } from '../../server/errors.ts';
import { createUpkeep } from '../../server/service/upkeep.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

function world() {
  const clock = manualClock();
  const problems = new Map<string, string>();
  const notes = new Map<string, string>();
  const kafka: boolean[] = [];
  const crashes: Error[] = [];
  const into = (words: Map<string, string>) => (key: string, value: string | null) => {
    if (value === null) words.delete(key);
    else words.set(key, value);
  };
  const upkeep = createUpkeep({
    clock,
    random: () => 1,
    reports: { kafka: (up) => void kafka.push(up), problem: into(problems), note: into(notes) },
    onCrash: (error) => crashes.push(error),
  });
  const said = () => ({ problems: [...problems.values()], notes: [...notes.values()] });
  return { clock, upkeep, kafka, crashes, said };
}

const passing = new AppError('KAFKA', 'not now', true);
const refused = new AppError('KAFKA', 'TOPIC_AUTHORIZATION_FAILED', false);
const byKafka = new AppError('KAFKA', 'wrapped', true, {
  cause: Object.assign(new Error('denied'), { name: 'KafkaJSProtocolError' }),
});

t.test('work that fails is a note while it fails, and goes on', async (t) => {
  const { clock, upkeep, said } = world();
  let calls = 0;
  upkeep.every(1000, 'work', async () => {
    calls += 1;
    if (calls <= 3) throw passing;
  });
  await clock.advance(0);
  t.same(said(), { problems: [], notes: [] }, 'once is nothing to say');
  await clock.advance(1000);
  t.same(said(), { problems: [], notes: ['work: not now'] });
  await clock.advance(2000);
  t.same(said(), { problems: [], notes: [] });
  t.equal(calls, 4);
  upkeep.end();
  await clock.advance(10_000);
  t.equal(calls, 4);
});

t.test('a mistake in the work ends the work', async (t) => {
  const { clock, upkeep, crashes } = world();
  upkeep.every(1000, 'work', () => {
    throw new TypeError('x is undefined');
  });
  await clock.advance(0);
  t.match(crashes, [{ message: 'x is undefined' }]);
});

t.test('deleting that is denied is a problem until it succeeds', async (t) => {
  const { upkeep, said } = world();
  upkeep.report('trim', refused);
  t.same(said(), { problems: ['trim: TOPIC_AUTHORIZATION_FAILED'], notes: [] });
  upkeep.report('trim', passing);
  t.same(said(), { problems: [], notes: ['trim: not now'] });
  upkeep.report('trim', null);
  t.same(said(), { problems: [], notes: [] });
});

t.test('a step is tried until it succeeds; who refuses it is there', async (t) => {
  const { clock, upkeep, kafka, said } = world();
  const outcomes = [passing, byKafka, null];
  const done = upkeep.insist('topics', async () => {
    const outcome = outcomes.shift();
    if (outcome) throw outcome;
  });
  await clock.advance(0);
  t.same([kafka, said().problems], [[false], []]);
  await clock.advance(1000);
  t.same([kafka, said().problems], [[false, true], ['topics: wrapped']]);
  await clock.advance(1000);
  await done;
  t.same(said().problems, []);
});

t.test(
  'a step that cannot be mended rejects, and so does one at the end of all, at once',
  async (t) => {
    const { clock, upkeep } = world();
    await t.rejects(
      upkeep.insist('topics', async () => {
        throw refused;
      }),
      { message: 'TOPIC_AUTHORIZATION_FAILED' },
    );
    let calls = 0;
    const done = upkeep.insist('topics', async () => {
      calls += 1;
      throw passing;
    });
    await clock.advance(0);
    upkeep.end();
    await t.rejects(done, { name: 'AbortError' });
    await clock.advance(5000);
    t.equal(calls, 1);
  },
);

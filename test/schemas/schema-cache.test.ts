import t from 'tap';
import { Unready } from '../../server/log/unready.ts';
import { type RegistryAnswer, RegistryError } from '../../server/schemas/registry-client.ts';
import { createSchemaCache } from '../../server/schemas/schema-cache.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

type Answer = RegistryAnswer | Error;

const schema = (text: string): RegistryAnswer => ({
  kind: 'schema',
  type: 'AVRO',
  schema: { text, references: [] },
});
const absent: RegistryAnswer = { kind: 'absent', found: 'not there' };

/** A cache of texts, and a registry that answers what it is told. */
function cacheWorld() {
  const clock = manualClock();
  const asked: number[] = [];
  const troubles: (string | null)[] = [];
  let answer: (id: number) => Answer = () => absent;
  const cache = createSchemaCache({
    client: {
      async schemaById(id) {
        asked.push(id);
        const given = answer(id);
        if (given instanceof Error) throw given;
        return given;
      },
    },
    make: (given) => (given.kind === 'schema' ? given.schema.text : given.found),
    clock,
    random: () => 0,
    onTrouble: (words) => troubles.push(words),
  });
  return {
    clock,
    cache,
    asked,
    troubles,
    reply(given: (id: number) => Answer) {
      answer = given;
    },
    async settled(id: number) {
      const first = cache.get(id);
      if (!(first instanceof Unready)) return first;
      await first.ready;
      return cache.get(id);
    },
  };
}

t.test(
  'a schema is asked for once, by one request for all who wait, and never again',
  async (t) => {
    const world = cacheWorld();
    world.reply((id) => schema(`schema ${id}`));
    const answers = await Promise.all([world.settled(1), world.settled(1), world.settled(2)]);
    t.same(answers, ['schema 1', 'schema 1', 'schema 2']);
    await world.clock.advance(10 * 24 * 3_600_000);
    t.equal(world.cache.get(1), 'schema 1');
    t.same(world.asked, [1, 2]);
  },
);

t.test('that there is none is believed for a minute', async (t) => {
  const world = cacheWorld();
  t.equal(await world.settled(1), 'not there');
  await world.clock.advance(59_999);
  t.equal(world.cache.get(1), 'not there');
  t.same(world.asked, [1]);
  world.reply(() => schema('a schema'));
  await world.clock.advance(1);
  t.equal(await world.settled(1), 'a schema');
});

t.test('whoever knows that there was one has it asked for until there is one', async (t) => {
  const world = cacheWorld();
  t.equal(await world.settled(1), 'not there');
  const waiting = world.cache.insist(1);
  t.equal(world.cache.insist(1), waiting, 'one question for all who wait');
  await world.clock.advance(1000);
  t.equal(world.cache.get(1), 'not there', 'for all others there is none');
  t.match(world.troubles.at(-1), /^schema 1 is waited for: not there/);
  world.reply((id) => schema(`schema ${id}`));
  t.equal(await world.settled(2), 'schema 2');
  t.match(world.troubles.at(-1), /^schema 1 is waited for/, 'an answer for another one is no news');
  await world.clock.advance(10_000);
  await waiting.ready;
  t.equal(world.cache.get(1), 'schema 1');
  t.equal(world.troubles.at(-1), null);
});

t.test('ids that do not exist take bounded room', async (t) => {
  const world = cacheWorld();
  for (let id = 0; id <= 10_000; id += 1) await world.settled(id);
  t.equal(world.cache.get(10_000), 'not there');
  t.ok(world.cache.get(0) instanceof Unready, 'the oldest is asked for again');
});

t.test('a registry that is down is asked until it answers, and the words say so', async (t) => {
  const world = cacheWorld();
  world.reply(() => new RegistryError('http://r does not answer'));
  const first = world.cache.get(3);
  await world.clock.advance(49);
  t.same(world.troubles, [], 'one failure is none');
  await world.clock.advance(60_000);
  t.equal(world.troubles.at(-1), 'schema 3 is waited for: http://r does not answer');
  t.ok(world.asked.length > 8 && world.asked.length < 25, `${world.asked.length} requests`);
  t.equal(world.cache.get(3), first, 'everybody waits for the same');
  world.reply(() => schema('at last'));
  await world.clock.advance(10_000);
  t.equal(world.cache.get(3), 'at last');
  t.equal(world.troubles.at(-1), null);
});

t.test('a mistake in the code is no silence of the registry', async (t) => {
  const world = cacheWorld();
  world.reply(() => new TypeError('a mistake'));
  const waiting = world.cache.get(1);
  if (!(waiting instanceof Unready)) return t.fail('it is known');
  await t.rejects(waiting.ready, /a mistake/);
});

t.test('once closed nobody is asked any more', async (t) => {
  const world = cacheWorld();
  world.reply(() => new RegistryError('down'));
  world.cache.get(1);
  await world.clock.advance(1000);
  const requests = world.asked.length;
  world.cache.close();
  await world.clock.advance(100_000);
  t.equal(world.asked.length, requests);
});

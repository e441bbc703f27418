// One order by its id: every record that carried it and what became of each, read from Kafka when somebody
// asks. Nothing is guessed: what could not be looked at in time is named.
import type { Looked, OrderLife } from '../http/contract-lives.ts';
import type { FollowOrder } from '../http/routes/orders.ts';
import type { Origin } from '../log/dead-letter.ts';
import type { LetterContents } from '../view/letter-contents.ts';
import { type Carrier, findCarriers, keyOf, recordAt } from '../view/record-carriers.ts';
import type { SearchReach } from '../view/record-search.ts';
import { letterItem } from './letter-item.ts';
import { createLifeTeller, type LifeDeps } from './order-life.ts';

/** When the search of the dead letters ends, and that of the orders; the caller waits for ten seconds. */
const LETTERS_WITHIN_MS = 3000;
const ORDERS_WITHIN_MS = 7000;

/** Looks in the topics of orders and of dead letters, and in the heads of the partitions where it was found. */
export function createOrderLives(deps: LifeDeps & { partitions: () => number }): FollowOrder {
  const { reader, contents, topics, terms, partitions, clock } = deps;

  return async (id, signal) => {
    const start = clock.monotonic();
    const find = (topic: string, origins: ReadonlySet<string>, untilMs: number) => {
      const left = Math.max(1, Math.ceil(start + untilMs - clock.monotonic()));
      const limit = AbortSignal.any([signal, AbortSignal.timeout(left)]);
      const where = { reader, clock, topic, partitions: partitions() };
      return findCarriers({ ...where, ...{ id, origins, terms }, signal: limit });
    };
    const letters = await find(topics.deadLetters, new Set(), LETTERS_WITHIN_MS);
    const origins = new Map(
      letters.found.flatMap((each) => {
        const origin = ownOrigin(contents, deps, each);
        return origin === null ? [] : [[keyOf(origin), origin] as const];
      }),
    );
    const orders = await find(topics.orders, new Set(origins.keys()), ORDERS_WITHIN_MS);
    const known = new Set(orders.found.map(keyOf));
    // A dead letter says where its order stands, however far the search came.
    const unseen = [...origins.values()].filter((origin) => !known.has(keyOf(origin)));
    const more = await Promise.all(
      unseen.map(async ({ partition, offset }) => {
        const tp = { topic: topics.orders, partition };
        const record = await recordAt({ reader, clock, signal }, tp, offset);
        return { partition, offset, record };
      }),
    );
    const all = [...orders.found, ...more];
    const lives = await Promise.all(all.map(await createLifeTeller(deps, all, signal)));
    const told = new Set(lives.map(({ letter }) => letter?.id));
    const others = letters.found.filter((each) => !told.has(keyOf(each)));
    return {
      id,
      lives: lives.sort(byPlace),
      others: others.map((each) =>
        letterItem(contents.letterOf(each.partition, each.record), deps.index.find(each)),
      ),
      looked: [looked(topics.orders, orders.reach), looked(topics.deadLetters, letters.reach)],
    };
  };
}

const looked = (topic: string, { read, total, missing }: SearchReach): Looked => ({
  ...{ topic, read, total },
  missing: [...missing],
});

/** In one partition the offsets say what came first, whatever the clocks of producers said. */
function byPlace(a: OrderLife, b: OrderLife): number {
  return a.partition - b.partition || a.offset - b.offset;
}

function ownOrigin(
  contents: LetterContents,
  { group, topics }: Pick<LifeDeps, 'group' | 'topics'>,
  { partition, record }: Carrier,
): Origin | null {
  const letter = contents.letterOf(partition, record);
  const { origin } = letter;
  const isOurs = letter.group === group && origin?.topic === topics.orders;
  return isOurs && origin.partition === partition ? origin : null;
}

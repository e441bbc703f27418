import t from 'tap';
import { createFetching } from '../../server/kafka/fetching.ts';
import type { FetchedPartition } from '../../server/kafka/protocol.ts';
import type { Bounds, Follower } from '../../server/log/ports.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

const tp = { topic: 'orders', partition: 0 };
const OUT_OF_RANGE = 1;
const NOT_LEADER = 6;

/** A follower at offset 0 of a log from 5 to 9, whose deliveries the test ends. */
function world(overrides: Partial<Follower> = {}) {
  const told: string[] = [];
  let end = () => {};
  const pauses: number[] = [];
  let goOn = () => {};
  const awake = { next: () => {} };
  const follower: Follower = {
    records(set) {
      told.push(`records of ${set.bytes.length}`);
      return new Promise((resolve) => {
        end = resolve;
      });
    },
    outOfRange: (position, { low }) => {
      told.push(`${position} is outside`);
      return low;
    },
    failed: (error) => void told.push(`failed: ${error}`),
    ...overrides,
  };
  const fetching = createFetching({
    tp,
    from: 0,
    follower,
    logger: silentLogger,
    boundsOf: async (): Promise<Bounds> => ({ low: 5, high: 9 }),
    pause: (failures) => {
      pauses.push(failures);
      return new Promise((resolve) => {
        goOn = resolve;
      });
    },
    refresh: async () => {},
    wake: () => awake.next(),
    closed: () => void told.push('closed'),
  });
  return {
    fetching,
    told,
    pauses,
    end: () => end(),
    goOn: () => goOn(),
    /** Until it may be ready again. */
    woken: () => new Promise<void>((resolve) => (awake.next = resolve)),
    turn: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
}

function part(changes: Partial<FetchedPartition> = {}): FetchedPartition {
  const bytes = Buffer.alloc(0);
  return { ...tp, error: 0, highWatermark: 1, lastStableOffset: 1, aborted: [], bytes, ...changes };
}

const oneOrder = () =>
  encodeBatch([{ timestamp: 0, key: null, value: Buffer.from('x'), headers: [] }]);

t.test('in a request it is not asked for a second time', async (t) => {
  const { fetching } = world();
  fetching.ask();
  t.equal(fetching.ready, false);
  t.throws(() => fetching.ask(), TypeError);
  fetching.answered();
  t.equal(fetching.ready, true);
});

t.test('one set waits behind the one being worked on, and no more is fetched', async (t) => {
  const { fetching, told, end, woken, turn } = world();
  t.equal(fetching.take(part({ bytes: oneOrder() })), true);
  t.equal(fetching.position, 1);
  t.equal(fetching.ready, true);
  fetching.take(part({ bytes: oneOrder() }));
  t.equal(fetching.ready, false);
  await turn();
  const first = woken();
  end();
  await first;
  t.equal(fetching.ready, true);
  await turn();
  t.equal(told.length, 2);
});

t.test('where the log does not go on, the follower says where to', async (t) => {
  const { fetching, told, woken } = world();
  const relocated = woken();
  t.equal(fetching.take(part({ error: OUT_OF_RANGE })), true);
  t.equal(fetching.ready, false);
  await relocated;
  t.same(told, ['0 is outside']);
  t.equal(fetching.position, 5);
  t.equal(fetching.ready, true);
});

t.test('a refused partition rests, the longer the more often in a row', async (t) => {
  const { fetching, pauses, goOn, woken } = world();
  for (const failures of [0, 1]) {
    t.equal(fetching.take(part({ error: NOT_LEADER })), false);
    const rested = woken();
    void fetching.rest();
    t.equal(fetching.resting, true);
    t.equal(pauses.at(-1), failures);
    goOn();
    await rested;
    t.equal(fetching.ready, true);
  }
  fetching.take(part());
  void fetching.rest();
  t.equal(pauses.at(-1), 0, 'an answer begins the count anew');
});

t.test('what comes after the close changes nothing', async (t) => {
  const { fetching, told, turn } = world();
  fetching.ask();
  fetching.close();
  fetching.close();
  fetching.answered();
  t.equal(fetching.take(part({ bytes: oneOrder() })), true);
  fetching.fail(new Error('late'));
  await turn();
  t.equal(fetching.ready, false);
  t.same(told, ['closed']);
});

t.test('a follower that throws is told so, once', async (t) => {
  const { fetching, told, turn } = world({ records: () => Promise.reject(new Error('no')) });
  fetching.take(part({ bytes: oneOrder() }));
  await turn();
  await turn();
  t.same(told, ['closed', 'failed: Error: no']);
});

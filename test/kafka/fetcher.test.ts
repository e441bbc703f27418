import t, { type Test } from 'tap';
import type { Cluster } from '../../server/kafka/cluster.ts';
import { createFetcher } from '../../server/kafka/fetcher.ts';
import type { TopicMetadata } from '../../server/kafka/metadata.ts';
import { createWireReader, createWireWriter } from '../../server/kafka/wire.ts';
import type { Follower, RecordSet } from '../../server/log/ports.ts';
import { nextOffsetAfter } from '../../server/record-batch/batch-header.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { type Asked, fetchAnswer, type Part, readFetchRequest } from './fetch-answer.ts';

type Fetch = {
  readonly node: string;
  readonly maxWaitMs: number;
  readonly partitions: readonly Asked[];
  readonly epochs: readonly number[];
  answer(parts: readonly Part[]): void;
  answerBytes(bytes: Buffer): void;
  fail(error: Error): void;
};

/** Brokers whose every answer the test gives by hand. */
function handBrokers(t: Test, metadataEveryMs = 3_600_000, everyMs = 0) {
  const waiting: Fetch[] = [];
  const takers: ((fetch: Fetch) => void)[] = [];
  const leaders = new Map<number, string>();
  const counts = { refreshes: 0, bounds: 0, refusal: null as Error | null };
  const bounds = { low: 0, high: 0 };
  const topics: TopicMetadata[] = [];
  const cluster: Cluster = {
    leader({ partition }) {
      const node = leaders.get(partition);
      return node === undefined ? null : { node, epoch: 7 };
    },
    whyNoLeader: () => 'nobody leads it',
    topic: () => topics.shift(),
    async refresh() {
      counts.refreshes += 1;
      if (counts.refusal !== null) throw counts.refusal;
    },
    async send(node, { api, body, read }) {
      if (api.name === 'ListOffsets') {
        counts.bounds += 1;
        // The time asked for stands at the end: -2 for the first offset.
        const offset = body.readBigInt64BE(body.length - 8) === -2n ? bounds.low : bounds.high;
        return read(offsetAnswer(offset));
      }
      const bytes = await new Promise<Buffer>((resolve, reject) => {
        const fetch = {
          node,
          ...readFetchRequest(body),
          answer: (parts: readonly Part[]) => resolve(fetchAnswer(parts)),
          answerBytes: resolve,
          fail: reject,
        };
        const taker = takers.shift();
        if (taker) taker(fetch);
        else waiting.push(fetch);
      });
      const reader = createWireReader(bytes);
      reader.int32();
      return read(reader);
    },
    async close() {
      for (const fetch of waiting) fetch.fail(new Error('closed'));
    },
  };
  const outcomes: [number, string | null][] = [];
  const hearers: (() => void)[] = [];
  const states: { up: boolean; error?: unknown }[] = [];
  const fetcher = createFetcher({
    cluster,
    logger: silentLogger,
    random: () => 0,
    onState: (up, error) => void states.push({ up, error }),
    onPartition({ partition }, error) {
      outcomes.push([partition, error]);
      for (const hear of hearers.splice(0)) hear();
    },
    metadataEveryMs,
    everyMs,
  });
  t.teardown(() => fetcher.close());
  return {
    fetcher,
    leaders,
    bounds,
    counts,
    states,
    outcomes,
    async waitForOutcome(partition: number) {
      while (!outcomes.some(([each]) => each === partition))
        await new Promise<void>((hear) => hearers.push(hear));
    },
    topics,
    /** The next fetch that is sent; fetches are taken in the order of sending. */
    nextFetch: () =>
      new Promise<Fetch>((resolve) => {
        const fetch = waiting.shift();
        if (fetch) resolve(fetch);
        else takers.push(resolve);
      }),
    /** Fetches sent and not taken. */
    sent: waiting,
  };
}

function offsetAnswer(offset: number) {
  const writer = createWireWriter();
  writer.array(['t'], (topic) => {
    writer.string(topic);
    writer.array([0], (partition) => {
      writer.int32(partition);
      writer.int16(0);
      writer.int64(-1);
      writer.int64(offset);
      writer.int32(7);
    });
  });
  return createWireReader(writer.finish());
}

/** A follower that works as long as the test likes. */
function handFollower() {
  const sets: { set: RecordSet; done: () => void }[] = [];
  const takers: ((turn: { set: RecordSet; done: () => void }) => void)[] = [];
  const asked: number[] = [];
  const failures: unknown[] = [];
  const follower: Follower = {
    records: (set) =>
      new Promise<void>((done) => {
        const taker = takers.shift();
        if (taker) taker({ set, done });
        else sets.push({ set, done });
      }),
    outOfRange(position, { low }) {
      asked.push(position);
      return low;
    },
    failed: (error) => void failures.push(error),
  };
  const nextSet = () =>
    new Promise<{ set: RecordSet; done: () => void }>((resolve) => {
      const turn = sets.shift();
      if (turn) resolve(turn);
      else takers.push(resolve);
    });
  return { follower, nextSet, asked, failures, sets };
}

const tp = (partition = 0) => ({ topic: 't', partition });

/** One record at `offset`. */
const batch = (offset: number) =>
  encodeBatch([{ timestamp: 1, key: null, value: null, headers: [] }], { baseOffset: offset });

t.test(
  'the next fetch is sent before the answer is worked on, and at most one set waits',
  async (t) => {
    const { fetcher, leaders, nextFetch, sent } = handBrokers(t);
    leaders.set(0, '1');
    const { follower, nextSet } = handFollower();
    fetcher.follow(tp(), 0, follower);
    (await nextFetch()).answer([{ ...tp(), bytes: batch(0) }]);
    const first = await nextSet();
    t.equal(sent.length, 1, 'already on its way');
    const second = await nextFetch();
    t.same(second.partitions, [{ ...tp(), offset: 1 }]);
    second.answer([{ ...tp(), bytes: batch(1) }]);
    await fetcher.bounds(tp());
    t.equal(sent.length, 0, 'nobody asks while one set is worked on and one waits');
    first.done();
    t.equal(nextOffsetAfter((await nextSet()).set.bytes, 0), 2);
    t.same((await nextFetch()).partitions, [{ ...tp(), offset: 2 }]);
  },
);

t.test('who is not to ask so often rests, but not while there is much to read', async (t) => {
  const { fetcher, leaders, nextFetch, sent } = handBrokers(t, 3_600_000, 3_600_000);
  leaders.set(0, '1');
  const { follower, nextSet } = handFollower();
  fetcher.follow(tp(), 0, follower);
  const value = Buffer.alloc(300_000);
  const much = encodeBatch([{ timestamp: 1, key: null, value, headers: [] }]);
  (await nextFetch()).answer([{ ...tp(), bytes: much }]);
  (await nextSet()).done();
  (await nextFetch()).answer([{ ...tp(), bytes: batch(1) }]);
  (await nextSet()).done();
  await fetcher.bounds(tp());
  t.equal(sent.length, 0, 'nothing is asked after a little');
});

t.test('who is busy is left out, and the others wait only shortly for that', async (t) => {
  const { fetcher, leaders, nextFetch } = handBrokers(t);
  leaders.set(0, '1').set(1, '1');
  const busy = handFollower();
  fetcher.follow(tp(0), 0, busy.follower);
  fetcher.follow(tp(1), 0, handFollower().follower);
  const both = await nextFetch();
  t.equal(both.partitions.length, 2);
  both.answer([{ ...tp(0), bytes: batch(0) }, tp(1)]);
  await busy.nextSet();
  const again = await nextFetch();
  again.answer([{ ...tp(0), bytes: batch(1) }, tp(1)]);
  const without = await nextFetch();
  t.same(without.partitions, [{ ...tp(1), offset: 0 }]);
  t.ok(without.maxWaitMs < both.maxWaitMs);
});

t.test('followers at one position share an answer, others take turns', async (t) => {
  const { fetcher, leaders, nextFetch } = handBrokers(t);
  leaders.set(0, '1');
  const [a, b, c] = [handFollower(), handFollower(), handFollower()];
  fetcher.follow(tp(), 0, a.follower);
  fetcher.follow(tp(), 0, b.follower);
  fetcher.follow(tp(), 5, c.follower);
  const first = await nextFetch();
  t.same(first.partitions, [{ ...tp(), offset: 0 }]);
  first.answer([{ ...tp(), bytes: batch(0) }]);
  t.same((await a.nextSet()).set, (await b.nextSet()).set);
  const second = await nextFetch();
  t.same(second.partitions, [{ ...tp(), offset: 5 }]);
  second.answer([tp()]);
  t.equal((await c.nextSet()).set.bytes.length, 0);
});

t.test('who got records stands last in the next fetch', async (t) => {
  const { fetcher, leaders, nextFetch } = handBrokers(t);
  for (const partition of [0, 1, 2]) {
    leaders.set(partition, '1');
    fetcher.follow(tp(partition), 0, handFollower().follower);
  }
  const first = await nextFetch();
  t.same(
    first.partitions.map((p) => p.partition),
    [0, 1, 2],
  );
  first.answer([{ ...tp(0), bytes: batch(0) }, tp(1), { ...tp(2), bytes: batch(0) }]);
  t.same(
    (await nextFetch()).partitions.map((p) => p.partition),
    [1, 0, 2],
  );
});

t.test('out of range is asked about after all that was fetched before it', async (t) => {
  const { fetcher, leaders, nextFetch, bounds, counts } = handBrokers(t);
  leaders.set(0, '1');
  const { follower, nextSet, asked } = handFollower();
  fetcher.follow(tp(), 0, follower);
  (await nextFetch()).answer([{ ...tp(), bytes: batch(0) }]);
  const { done } = await nextSet();
  Object.assign(bounds, { low: 50, high: 60 });
  (await nextFetch()).answer([{ ...tp(), error: 1 }]);
  await fetcher.bounds(tp());
  t.equal(counts.bounds, 2, 'only ours');
  t.same(asked, []);
  done();
  t.same((await nextFetch()).partitions, [{ ...tp(), offset: 50 }]);
  t.same(asked, [1]);
});

t.test(
  'a partition that moves is asked for by one leader at a time, nothing is delivered twice',
  async (t) => {
    const { fetcher, leaders, nextFetch, sent } = handBrokers(t);
    leaders.set(0, '1').set(1, '2');
    const moving = handFollower();
    fetcher.follow(tp(0), 0, moving.follower);
    fetcher.follow(tp(1), 0, handFollower().follower);
    const old = await nextFetch();
    const other = await nextFetch();
    t.same([old.node, other.node], ['1', '2']);
    leaders.set(0, '2');
    other.answer([tp(1)]);
    const meanwhile = await nextFetch();
    t.same(meanwhile.partitions, [{ ...tp(1), offset: 0 }]);
    old.answer([{ ...tp(0), bytes: batch(0) }]);
    await moving.nextSet();
    meanwhile.answer([tp(1)]);
    const joined = await nextFetch();
    t.equal(joined.node, '2');
    t.same(joined.partitions.find(({ partition }) => partition === 0)?.offset, 1);
    t.equal(sent.length, 0, 'the old leader is not asked any more');
    t.equal(moving.sets.length, 0);
  },
);

t.test('a partition without its leader rests, the others go on', async (t) => {
  const { fetcher, leaders, nextFetch, counts } = handBrokers(t);
  leaders.set(0, '1').set(1, '1');
  const { follower, nextSet } = handFollower();
  fetcher.follow(tp(0), 0, handFollower().follower);
  fetcher.follow(tp(1), 0, follower);
  (await nextFetch()).answer([
    { ...tp(0), error: 6 },
    { ...tp(1), bytes: batch(0) },
  ]);
  (await nextSet()).done();
  let fetch = await nextFetch();
  t.same(fetch.partitions, [{ ...tp(1), offset: 1 }]);
  const { refreshes } = counts;
  while (fetch.partitions.length === 1) {
    fetch.answer([tp(1)]);
    (await nextSet()).done();
    fetch = await nextFetch();
  }
  t.ok(counts.refreshes > refreshes, 'metadata was asked for first');
});

t.test('whatever a broker answers, following goes on', async (t) => {
  const { fetcher, leaders, nextFetch, outcomes } = handBrokers(t);
  leaders.set(0, '1');
  const { follower, nextSet, failures } = handFollower();
  fetcher.follow(tp(), 0, follower);
  (await nextFetch()).answerBytes(Buffer.from('00000000000000000000ffff', 'hex'));
  (await nextFetch()).answerBytes(fetchAnswer([], 70));
  (await nextFetch()).answer([{ topic: 'other', partition: 0 }]);
  (await nextFetch()).fail(new Error('connect ECONNREFUSED'));
  (await nextFetch()).answer([{ ...tp(), error: 56 }]);
  (await nextFetch()).answer([{ ...tp(), bytes: batch(0) }]);
  await nextSet();
  t.match(outcomes, [
    [0, /bytes at/],
    [0, 'an answer without a partition asked for'],
    [0, 'an answer without a partition asked for'],
    [0, 'connect ECONNREFUSED'],
    [0, 'KAFKA_STORAGE_ERROR (56)'],
    [0, null],
  ]);
  t.same(failures, []);
});

t.test('Kafka is away when no broker has metadata, not when one leader is silent', async (t) => {
  const { fetcher, leaders, nextFetch, states, counts } = handBrokers(t);
  leaders.set(0, '1');
  fetcher.follow(tp(), 0, handFollower().follower);
  (await nextFetch()).fail(new Error('connect ECONNREFUSED'));
  const alone = await nextFetch();
  t.ok(states.every(({ up }) => up));
  counts.refusal = new Error('no broker');
  alone.fail(new Error('connect ECONNREFUSED'));
  const down = await nextFetch();
  t.match(states.at(-1), { up: false, error: { message: 'no broker' } });
  down.answer([{ ...tp() }]);
  await nextFetch();
  t.match(states.at(-1), { up: true });
});

t.test('a partition without a leader is named, and served when it has one', async (t) => {
  const { fetcher, leaders, nextFetch, outcomes, waitForOutcome } = handBrokers(t);
  leaders.set(1, '1');
  fetcher.follow(tp(0), 0, handFollower().follower);
  fetcher.follow(tp(1), 0, handFollower().follower);
  const other = await nextFetch();
  t.same(other.partitions, [{ ...tp(1), offset: 0 }]);
  other.answer([{ ...tp(1), bytes: batch(0) }]);
  await waitForOutcome(0);
  t.same(
    outcomes.find(([partition]) => partition === 0),
    [0, 'nobody leads it'],
  );
  leaders.set(0, '2');
  t.equal((await nextFetch()).node, '1');
  t.match(await nextFetch(), { node: '2', partitions: [{ ...tp(0), offset: 0 }] });
});

t.test('a leader that moved without an error is followed', async (t) => {
  const { fetcher, leaders, nextFetch } = handBrokers(t, 5);
  leaders.set(0, '1');
  fetcher.follow(tp(), 0, handFollower().follower);
  const first = await nextFetch();
  t.same([first.node, first.epochs], ['1', [7]]);
  leaders.set(0, '2');
  first.answer([{ ...tp(), bytes: batch(0) }]);
  t.equal((await nextFetch()).node, '2');
});

t.test('a partition that nobody follows any more has no problem', async (t) => {
  const { fetcher, leaders, nextFetch, outcomes } = handBrokers(t);
  leaders.set(0, '1');
  const following = [0, 0].map(() => fetcher.follow(tp(), 0, handFollower().follower));
  (await nextFetch()).answer([{ ...tp(), error: 56 }]);
  await nextFetch();
  following[0]?.close();
  t.same(outcomes.at(-1), [0, 'KAFKA_STORAGE_ERROR (56)']);
  following[1]?.close();
  t.same(outcomes.at(-1), [0, null]);
});

t.test('the id of a topic is asked for each time, until the topic is there', async (t) => {
  const { fetcher, topics, counts } = handBrokers(t);
  const topic = { topic: 't', partitions: [] };
  topics.push({ ...topic, error: 3, id: null }, { ...topic, error: 0, id: 'ab' });
  t.equal(await fetcher.topicId('t'), 'ab');
  topics.push({ ...topic, error: 0, id: null });
  t.equal(await fetcher.topicId('t'), null);
  t.equal(counts.refreshes, 3);
});

t.test('an answer without a whole batch is waited for with a pause, and delivered', async (t) => {
  const { fetcher, leaders, nextFetch, counts } = handBrokers(t);
  leaders.set(0, '1');
  const { follower, nextSet } = handFollower();
  fetcher.follow(tp(), 0, follower);
  const { refreshes } = counts;
  (await nextFetch()).answer([{ ...tp(), bytes: batch(0).subarray(0, 40) }]);
  (await nextSet()).done();
  t.same((await nextFetch()).partitions, [{ ...tp(), offset: 0 }]);
  t.ok(counts.refreshes > refreshes);
});

t.test('a mistake in the code ends the following, it is not tried again', async (t) => {
  const { fetcher, leaders, nextFetch } = handBrokers(t);
  leaders.set(0, '1');
  const { follower, failures } = handFollower();
  const failed = new Promise<void>((resolve) => {
    fetcher.follow(tp(), 0, { ...follower, failed: (error) => resolve(void failures.push(error)) });
  });
  (await nextFetch()).fail(new TypeError('x is not a function'));
  await failed;
  t.match(failures, [{ message: 'x is not a function' }]);
});

t.test('a closed reader asks nothing more', async (t) => {
  const { fetcher, leaders, nextFetch, sent } = handBrokers(t);
  leaders.set(0, '1');
  const { follower, sets, failures } = handFollower();
  fetcher.follow(tp(), 0, follower);
  const fetch = await nextFetch();
  await fetcher.close();
  fetch.answer([{ ...tp(), bytes: batch(0) }]);
  await t.rejects(fetcher.bounds(tp()), { code: 'CLOSED' });
  t.same([sets.length, failures.length, sent.length], [0, 0, 0]);
});

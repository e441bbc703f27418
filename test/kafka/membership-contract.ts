// What membership in a group must do, on whatever broker.
import { createRequire } from 'node:module';
import type { Kafka } from 'kafkajs';
import type { Test } from 'tap';
import { createKafka } from '../../server/kafka/client.ts';
import { createMembership } from '../../server/kafka/membership.ts';
import { createPresence } from '../../server/kafka/presence.ts';
import type { MembershipState } from '../../server/kafka/standing.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { until } from '../fixtures/until.ts';

type Broker = Record<'heartbeat' | 'joinGroup' | 'offsetCommit', (request: object) => unknown>;

const load = createRequire(import.meta.url);
const broker = (load('kafkajs/src/broker') as { prototype: Broker }).prototype;
const { createErrorFromCode } = load('kafkajs/src/protocol/error') as {
  createErrorFromCode: (code: number) => Error;
};
const UNKNOWN_MEMBER_ID = 25;
const HOUR_MS = 3_600_000;

/** Instead of the next such request of whatever client, once. */
function insteadOnce(t: Test, request: keyof Broker, act: () => unknown): void {
  const before = broker[request];
  const restore = () => {
    broker[request] = before;
  };
  t.teardown(restore);
  broker[request] = async function (this: Broker, ...args) {
    restore();
    await act();
    return before.apply(this, args);
  };
}

function jumpWallClock(t: Test, byMs: number): void {
  const { now } = Date;
  t.teardown(() => {
    Date.now = now;
  });
  Date.now = () => now() + byMs;
}

/** A topic of three partitions, and a member of a group of its own. */
export async function withGroup(t: Test, brokers: string) {
  const options = { brokers: [brokers], clientId: 'test', logger: silentLogger };
  const kafka = createKafka(options);
  const topic = `membership-${process.hrtime.bigint()}`;
  const admin = kafka.admin();
  await admin.connect();
  t.teardown(() => admin.disconnect());
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] });
  const join = (onAssigned: (partitions: number[]) => void = () => {}) =>
    joinGroup(t, createKafka(options), topic, onAssigned);
  const members = async () => (await admin.describeGroups([topic])).groups[0]!.members.length;
  return { kafka, topic, join, members };
}

function joinGroup(
  t: Test,
  kafka: Kafka,
  topic: string,
  onAssigned: (partitions: number[]) => void,
) {
  const states: MembershipState[] = [];
  const owned: number[][] = [];
  const rebalances: number[] = [];
  const crashes: Error[] = [];
  const presence = createPresence();
  const membership = createMembership({
    kafka,
    presence,
    groupId: topic,
    topic,
    logger: silentLogger,
    onAssigned(partitions) {
      owned.push(partitions);
      onAssigned(partitions);
    },
    onState: (state) => void states.push(state),
    onRebalanced: (ms) => void rebalances.push(ms),
    onCrash: (error) => void crashes.push(error),
  });
  t.teardown(() => membership.stop());
  return {
    ...membership,
    ...presence,
    states,
    owned,
    rebalances,
    crashes,
    member: () =>
      until(
        'it is a member',
        async () => states.at(-1),
        (last) => last?.member === true,
      ),
    /** Until it was told at some time that it is not a member because of `words`. */
    refused: (words: RegExp) =>
      until(
        `it is refused with ${words}`,
        async () => states,
        (all) => all.some(({ error }) => error !== null && words.test(error)),
      ),
    /** Until the next heartbeat from now on is acknowledged. */
    async heartbeat() {
      const since = performance.now();
      const acknowledgedAt = async () => performance.now() - (presence.heartbeatAge() ?? 1e9);
      await until('a heartbeat', acknowledgedAt, (at) => at > since);
    },
  };
}

/** Every test has a topic and a group of its own. */
export function membershipContract(t: Test, brokers: string): void {
  t.test('a member gets partitions, tells when it was heard last, and commits', async (t) => {
    const { kafka, topic, join } = await withGroup(t, brokers);
    const member = join();
    t.equal(member.heartbeatAge(), null);
    await member.commit(new Map([[0, 5]]));
    await member.start();
    // Which the first acknowledged heartbeat tells, not the join.
    const generation = async () => member.generation();
    t.equal(await until('the generation is known', generation, Boolean), 1);
    t.same(member.owned.at(-1), [0, 1, 2]);
    t.ok(member.rebalances.length > 0, 'how long it waited to be let in is told');
    t.ok(member.rebalances.every((ms) => ms >= 0));
    // The coordinator of a Kafka that has just started may not be ready at first.
    t.same(member.states.at(-1), { member: true, error: null });
    await member.commit(new Map([[1, 5]]));
    const admin = kafka.admin();
    await admin.connect();
    t.teardown(() => admin.disconnect());
    const [offsets] = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
    t.match(
      offsets?.partitions.find(({ partition }) => partition === 1),
      { offset: '5' },
    );
  });

  for (const [words, jump] of [
    ['back', -HOUR_MS],
    ['ahead', 2 * HOUR_MS],
  ] as const) {
    t.test(`a wall clock that is set ${words} costs no heartbeat`, async (t) => {
      const { join } = await withGroup(t, brokers);
      const member = join();
      await member.start();
      await member.heartbeat();
      jumpWallClock(t, jump);
      for (let i = 0; i < 3; i += 1) await member.heartbeat();
      t.same(member.states, [{ member: true, error: null }]);
    });
  }

  t.test('why the group refuses is said, and it is joined when that has passed', async (t) => {
    const { kafka, topic, join } = await withGroup(t, brokers);
    const other = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100 });
    t.teardown(() => other.disconnect());
    await other.connect();
    await other.subscribe({ topics: [topic] });
    const joined = new Promise((resolve) => other.on('consumer.group_join', resolve));
    await other.run({ eachBatch: async () => {} });
    await joined;
    const member = join();
    await member.start();
    await member.refused(/INCONSISTENT_GROUP_PROTOCOL.*another program is in the group/);
    t.equal(member.heartbeatAge(), null);
    await other.disconnect();
    await member.member();
  });

  t.test('a TypeError inside kafkajs is followed by a new consumer, not by the end', async (t) => {
    const { join } = await withGroup(t, brokers);
    const member = join();
    await member.start();
    await member.member();
    insteadOnce(t, 'heartbeat', () => {
      throw new TypeError("Cannot read properties of undefined (reading 'x')");
    });
    await member.refused(/Cannot read/);
    await member.member();
    await member.heartbeat();
    t.same(member.crashes, []);
  });

  t.test('an error of those who are assigned is a crash', async (t) => {
    const { join } = await withGroup(t, brokers);
    const member = join(() => {
      throw new TypeError('a mistake');
    });
    await member.start();
    await member.member();
    t.match(member.crashes, [{ message: 'a mistake' }]);
  });

  t.test(
    'a commit that is refused says that we are out, the next heartbeat that we are in',
    async (t) => {
      const { join } = await withGroup(t, brokers);
      const member = join();
      await member.start();
      await member.member();
      insteadOnce(t, 'offsetCommit', () => {
        throw createErrorFromCode(UNKNOWN_MEMBER_ID);
      });
      await t.rejects(member.commit(new Map([[0, 1]])), {
        code: 'COMMIT',
        message: /UNKNOWN_MEMBER/,
      });
      await member.member();
      t.match(member.states, [
        { member: true },
        { member: false, error: /UNKNOWN_M/ },
        { member: true },
      ]);
    },
  );

  t.test('a consumer that is given up while it joins is in the group with nobody', async (t) => {
    const { join, members } = await withGroup(t, brokers);
    let release = () => {};
    const held = new Promise<void>((holding) => {
      insteadOnce(t, 'joinGroup', () => {
        holding();
        return new Promise<void>((resolve) => {
          release = resolve;
        });
      });
    });
    const member = join();
    const started = member.start();
    await held;
    await member.stop();
    release();
    await started;
    t.equal(await until('nobody is in the group', members, (count) => count === 0), 0);
    t.same(
      member.states.filter((state) => state.member),
      [],
    );
  });
}

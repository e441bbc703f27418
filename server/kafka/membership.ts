// Membership in the consumer group by a kafkajs consumer whose topic is always paused: it joins,
// heartbeats, commits and leaves, and never delivers a record. What ends such a consumer is followed by a
// new one; only what our own side throws is a mistake nobody gets over.
import type { Consumer, Kafka } from 'kafkajs';
import { AppError, describe } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { backoff } from './backoff.ts';
import { inWords } from './kafkajs-error.ts';
import { stickyAssigner } from './sticky-assigner.ts';
import { within } from './within.ts';

export type MembershipState = {
  readonly member: boolean;
  /** Why we are not a member, as far as that is known: what Kafka said, in words. */
  readonly error: string | null;
};

export type Membership = {
  /** Begins to join the group, and goes on until `stop`; resolves after the first attempt. */
  start(): Promise<void>;
  /** Generation of the group; null between a join and the first heartbeat after it. */
  generation(): number | null;
  /** How long ago Kafka last took us for a member, in ms; null while it does not. */
  heartbeatAge(): number | null;
  /** Commits next offsets, for tools that show the lag; not while we are not a member. */
  commit(positions: ReadonlyMap<number, number>): Promise<void>;
  /** Leaves the group. */
  stop(): Promise<void>;
};

const SESSION_MS = 10_000;
/** Longer than a join takes that waits for all others, and for a coordinator to be found. */
const JOIN_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 1000;
const COMMIT_WITHIN_MS = 5000;
const LEAVE_WITHIN_MS = 5000;

/** `onAssigned` is called at every join with all partitions that are ours now. */
export function createMembership(deps: {
  kafka: Kafka;
  groupId: string;
  topic: string;
  logger: Logger;
  onAssigned: (partitions: number[]) => void;
  onState: (state: MembershipState) => void;
  /** `onAssigned` has thrown. */
  onCrash: (error: Error) => void;
}): Membership {
  const { kafka, groupId, topic, logger, onAssigned, onState, onCrash } = deps;
  let consumer: Consumer | null = null;
  let generation: number | null = null;
  let owned: number[] = [];
  let member = false;
  let failures = 0;
  // On the monotonic clock: when Kafka last said that we are a member, and when there was any sign of life.
  let acknowledgedAt = 0;
  let lastSign = 0;
  /** Between the wish to join and the answer, which may have to wait for all other members. */
  let joining = false;
  const closing = new AbortController();
  let watch: NodeJS.Timeout | undefined;

  function acknowledged(): void {
    joining = false;
    acknowledgedAt = performance.now();
    lastSign = acknowledgedAt;
    if (member) return;
    member = true;
    failures = 0;
    onState({ member, error: null });
  }

  function out(error: string): void {
    member = false;
    generation = null;
    onState({ member, error });
  }

  /** Called before every join, which kafkajs tells nobody of when it comes from an error. */
  function aboutToJoin(): readonly number[] {
    joining = true;
    lastSign = performance.now();
    return owned;
  }

  /** kafkajs gives up a consumer for good, or tries in vain for ever: then another one begins anew. */
  function begin(): Consumer {
    const mine = kafka.consumer({
      groupId,
      partitionAssigners: [stickyAssigner(aboutToJoin)],
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: 10_000,
      // Also how soon the others notice that somebody left.
      heartbeatInterval: 500,
      // Also how soon a grown topic is noticed.
      metadataMaxAge: 5000,
      // How soon heartbeats, pause and disconnect are looked at.
      maxWaitTimeInMs: 100,
      allowAutoTopicCreation: false,
      retry: {
        initialRetryTime: 100,
        maxRetryTime: 3000,
        // kafkajs never resets its count, so a small one ends the consumer after some days.
        retries: 1_000_000,
        restartOnFailure: async () => false,
      },
    });
    const { GROUP_JOIN, HEARTBEAT, CRASH } = mine.events;
    const isMine = () => consumer === mine && !closing.signal.aborted;

    // A consumer that was given up while it joined: what a listener throws ends the join, and with it the
    // consumer, which nothing else does.
    const refuseLate = () => {
      if (!isMine()) throw new AppError('GIVEN_UP', 'this consumer was given up', false);
    };
    mine.on(GROUP_JOIN, ({ payload }) => {
      refuseLate();
      generation = null;
      // Before the first fetch, and every time: the paused set does not survive a restart.
      mine.pause([{ topic }]);
      owned = payload.memberAssignment[topic] ?? [];
      logger.info('joined the group', { groupId, partitions: owned.join(' ') || 'none' });
      try {
        onAssigned(owned);
      } catch (error) {
        logger.error('membership', { error: describe(error) });
        onCrash(error instanceof Error ? error : new Error(String(error)));
      }
      acknowledged();
    });
    mine.on(HEARTBEAT, ({ payload }) => {
      refuseLate();
      generation = Number(payload.groupGenerationId);
      acknowledged();
    });
    mine.on(CRASH, ({ payload }) => {
      if (isMine()) void again(payload.error);
    });
    return mine;
  }

  async function join(): Promise<void> {
    const mine = begin();
    consumer = mine;
    lastSign = performance.now();
    try {
      await mine.connect();
      await mine.subscribe({ topics: [topic], fromBeginning: true });
      await mine.run({ autoCommit: false, eachBatch: async () => {} });
    } catch (error) {
      if (consumer === mine) void again(error);
    }
  }

  /** Joins again with a new consumer, after a pause. */
  async function again(error: unknown): Promise<void> {
    const words = inWords(error);
    out(words);
    logger.debug('not in the group, joining again', { groupId, error: words });
    const old = consumer;
    consumer = null;
    old?.disconnect().catch((late: unknown) => {
      logger.debug('a consumer that was given up', { error: describe(late) });
    });
    await backoff(failures++, Math.random, closing.signal);
    if (!closing.signal.aborted) await join();
  }

  function look(): void {
    const silence = performance.now() - lastSign;
    const isHeld = member && !joining;
    if (consumer === null || silence < (isHeld ? SESSION_MS : JOIN_WITHIN_MS)) return;
    const what = isHeld ? 'no heartbeat was answered' : 'joining came to nothing';
    void again(new Error(`${what} for ${Math.round(silence / 1000)} s`));
  }

  return {
    async start() {
      watch = setInterval(look, LOOK_EVERY_MS);
      await join();
    },
    generation: () => generation,
    heartbeatAge: () => (member ? performance.now() - acknowledgedAt : null),
    async commit(positions) {
      const offsets = [...positions].map(([partition, offset]) => ({
        topic,
        partition,
        offset: String(offset),
      }));
      if (offsets.length === 0 || !member || consumer === null) return;
      try {
        await within(COMMIT_WITHIN_MS, consumer.commitOffsets(offsets));
      } catch (error) {
        const words = inWords(error);
        // The next heartbeat joins again, or says that we are a member.
        if (words.includes('UNKNOWN_MEMBER_ID')) out(words);
        throw new AppError('COMMIT', words, true, { cause: error });
      }
    },
    async stop() {
      closing.abort();
      clearInterval(watch);
      // A join that waits for other members would hold it; the group notices by itself that we are gone.
      await within(LEAVE_WITHIN_MS, consumer?.disconnect() ?? Promise.resolve()).catch(() => {});
    },
  };
}

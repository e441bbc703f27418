// Membership in the consumer group, by one kafkajs consumer after the other: what ends such a consumer is
// followed by a new one. Only what our own side throws is a mistake nobody gets over.
import type { Consumer, Kafka } from 'kafkajs';
import { AppError, describe } from '../errors.ts';
import { pause } from '../log/retry.ts';
import { kafkaBackoff } from './backoff.ts';
import { createGroupConsumer, runGroupConsumer } from './group-consumer.ts';
import { inWords } from './kafkajs-error.ts';
import { createStanding, type StandingDeps } from './standing.ts';
import { within } from './within.ts';

export type Membership = {
  /** Begins to join the group, and goes on until `stop`; resolves after the first attempt. */
  start(): Promise<void>;
  /** Commits next offsets, for tools that show the lag; not while we are not a member. */
  commit(positions: ReadonlyMap<number, number>): Promise<void>;
  /** Leaves the group. */
  stop(): Promise<void>;
};

const LOOK_EVERY_MS = 1000;
const COMMIT_WITHIN_MS = 5000;
const LEAVE_WITHIN_MS = 5000;

/** A membership that has not begun. */
export function createMembership(deps: StandingDeps & { kafka: Kafka; topic: string }): Membership {
  const { kafka, groupId, topic, presence, logger } = deps;
  const standing = createStanding(deps);
  let consumer: Consumer | null = null;
  let failures = 0;
  const closing = new AbortController();
  const backoff = kafkaBackoff(Math.random, closing.signal);
  let watch: NodeJS.Timeout | undefined;

  function acknowledged(isNew: boolean): void {
    if (isNew) failures = 0;
  }

  /** kafkajs gives up a consumer for good, or tries in vain for ever: then another one begins anew. */
  async function join(): Promise<void> {
    const isGivenUp = () => consumer !== mine || closing.signal.aborted;
    const mine = createGroupConsumer({
      kafka,
      groupId,
      topic,
      listener: {
        aboutToJoin: standing.asking,
        joined: (partitions) => acknowledged(standing.joined(partitions)),
        heartbeat: (generation) => acknowledged(standing.heartbeat(generation)),
        crashed: (error) => void again(error),
        isGivenUp,
      },
    });
    consumer = mine;
    presence.joining();
    try {
      await runGroupConsumer(mine, topic);
    } catch (error) {
      if (consumer === mine) void again(error);
    }
  }

  /** Joins again with a new consumer, after a pause. */
  async function again(error: unknown): Promise<void> {
    const words = inWords(error);
    standing.out(words);
    logger.debug('not in the group, joining again', { groupId, error: words });
    const old = consumer;
    consumer = null;
    old?.disconnect().catch((late: unknown) => {
      logger.debug('a consumer that was given up', { error: describe(late) });
    });
    await pause(failures++, backoff);
    if (!closing.signal.aborted) await join();
  }

  function look(): void {
    const silence = presence.silence();
    if (consumer !== null && silence !== null) void again(new Error(silence));
  }

  return {
    async start() {
      watch = setInterval(look, LOOK_EVERY_MS);
      await join();
    },
    async commit(positions) {
      if (positions.size === 0 || presence.heartbeatAge() === null || consumer === null) return;
      try {
        await within(COMMIT_WITHIN_MS, consumer.commitOffsets(offsetsOf(topic, positions)));
      } catch (error) {
        const words = inWords(error);
        // The next heartbeat joins again, or says that we are a member.
        if (words.includes('UNKNOWN_MEMBER_ID')) standing.out(words);
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

/** As kafkajs takes them. */
function offsetsOf(topic: string, positions: ReadonlyMap<number, number>) {
  return [...positions].map(([partition, offset]) => ({
    topic,
    partition,
    offset: String(offset),
  }));
}

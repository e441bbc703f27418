// Membership in the consumer group by a kafkajs consumer whose topic is always paused: it joins,
// heartbeats, commits and leaves, and never delivers a record.
import { setTimeout as delay } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { describe, isProgrammerError } from '../errors.ts';
import type { Logger } from '../stream/logger.ts';
import { fromKafkajs } from './kafkajs-error.ts';
import { stickyAssigner } from './sticky-assigner.ts';

export type Membership = {
  /** Joins the group; resolves when the consumer runs, which may be before the first assignment. */
  start(): Promise<void>;
  /** Generation of the group; null between a join and the first heartbeat after it. */
  generation(): number | null;
  /** Ms since the last acknowledged heartbeat or join; null when not a member. */
  heartbeatAge(): number | null;
  /** Commits next offsets, for tools that show the lag. */
  commit(positions: ReadonlyMap<number, number>): Promise<void>;
  /** Leaves the group. */
  stop(): Promise<void>;
};

/** Whether we are in the group, and why not: the broker's refusal in words. */
export type MembershipState = { readonly member: boolean; readonly error: string | null };

const JOIN_AGAIN_MS = 1000;
const LEAVE_WITHIN_MS = 5000;

/** `onAssigned` is called at every join with all partitions that are ours now. */
export function createMembership(deps: {
  kafka: Kafka;
  groupId: string;
  topic: string;
  logger: Logger;
  onAssigned: (partitions: number[]) => void;
  onState: (state: MembershipState) => void;
  /** The consumer has stopped for good. */
  onCrash: (error: Error) => void;
}): Membership {
  const { kafka, groupId, topic, logger, onAssigned, onState, onCrash } = deps;
  let generation: number | null = null;
  let owned: number[] = [];
  let stopped = false;
  let heardAt: number | null = null;
  const consumer = kafka.consumer({
    groupId,
    partitionAssigners: [stickyAssigner(() => owned)],
    sessionTimeout: 10_000,
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
      restartOnFailure: async () => !stopped,
    },
  });
  const { GROUP_JOIN, HEARTBEAT, CRASH } = consumer.events;

  // A listener that throws would break the join itself.
  function guarded<T>(listen: (payload: T) => void) {
    return ({ payload }: { payload: T }) => {
      try {
        listen(payload);
      } catch (error) {
        logger.error('membership', { error: describe(error) });
        onCrash(error as Error);
      }
    };
  }

  consumer.on(
    GROUP_JOIN,
    guarded((payload) => {
      // A join that was under way when the consumer was stopped.
      if (stopped) return;
      generation = null;
      // Before the first fetch, and every time: the paused set does not survive a restart.
      consumer.pause([{ topic }]);
      owned = payload.memberAssignment[topic] ?? [];
      logger.info('joined the group', { groupId, partitions: owned.join(' ') || 'none' });
      heardAt = performance.now();
      onState({ member: true, error: null });
      onAssigned(owned);
    }),
  );
  consumer.on(
    HEARTBEAT,
    guarded((payload) => {
      generation = Number(payload.groupGenerationId);
      heardAt = performance.now();
    }),
  );
  consumer.on(
    CRASH,
    guarded((payload) => {
      generation = null;
      heardAt = null;
      onState({ member: false, error: describe(payload.error) });
      if (payload.restart || stopped) return;
      if (isProgrammerError(originOf(payload.error))) onCrash(payload.error);
      else joinLater(payload.error);
    }),
  );

  /** kafkajs gives up for good also what may pass, such as a coordinator that is not there yet. */
  function joinLater(error: unknown): void {
    logger.debug('out of the group, joining again', { groupId, error: describe(error) });
    setTimeout(() => {
      if (!stopped) join().catch(joinLater);
    }, JOIN_AGAIN_MS);
  }

  async function join(): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatch: async () => {} });
  }

  return {
    start: () => join().catch(fromKafkajs),
    generation: () => generation,
    heartbeatAge: () => (heardAt === null ? null : performance.now() - heardAt),
    async commit(positions) {
      const offsets = [...positions].map(([partition, offset]) => ({
        topic,
        partition,
        offset: String(offset),
      }));
      if (offsets.length > 0) await consumer.commitOffsets(offsets).catch(fromKafkajs);
    },
    async stop() {
      stopped = true;
      // A join that waits for other members would hold it; the group notices by itself that we are gone.
      await Promise.race([
        consumer.disconnect(),
        delay(LEAVE_WITHIN_MS, undefined, { ref: false }),
      ]);
    },
  };
}

/** What was thrown first, below kafkajs's wrappings. */
function originOf(error: Error): unknown {
  return error.cause instanceof Error ? originOf(error.cause) : error;
}

// The kafkajs consumer that is a member of the group for us. Its topic is always paused: it joins,
// heartbeats, commits and leaves, and never delivers a record.
import type { Consumer, Kafka } from 'kafkajs';
import { AppError } from '../errors.ts';
import { stickyAssigner } from './sticky-assigner.ts';

/** The group forgets a member that it has not heard of for so long. */
export const SESSION_MS = 10_000;

/** What is heard of one consumer. After it was given up only `isGivenUp` is asked, and nothing is told. */
export type GroupListener = {
  /** Called before every join; gives the partitions owned so far, which the assigner tries to leave here. */
  aboutToJoin(): readonly number[];
  joined(partitions: number[]): void;
  /** A heartbeat was answered. */
  heartbeat(generation: number): void;
  /** It has ended by itself. */
  crashed(error: Error): void;
  isGivenUp(): boolean;
};

/** A consumer that has not connected yet. */
export function createGroupConsumer(deps: {
  kafka: Kafka;
  groupId: string;
  topic: string;
  listener: GroupListener;
}): Consumer {
  const { kafka, groupId, topic, listener } = deps;
  const consumer = kafka.consumer({
    groupId,
    // kafkajs has no event for a rejoin after an error, but it asks the assigner at every join.
    partitionAssigners: [stickyAssigner(listener.aboutToJoin)],
    sessionTimeout: SESSION_MS,
    rebalanceTimeout: 10_000,
    // Members hear of a rebalance with a heartbeat: so soon they notice that somebody left.
    heartbeatInterval: 500,
    // So soon it is noticed that the topic has got more partitions.
    metadataMaxAge: 5000,
    // kafkajs looks at heartbeats, pauses and a disconnect only between two fetches.
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
  const { GROUP_JOIN, HEARTBEAT, CRASH } = consumer.events;

  /** What a listener throws ends the join, and with it the consumer: nothing else ends one that joins. */
  function refuseLate(): void {
    if (listener.isGivenUp()) throw new AppError('GIVEN_UP', 'this consumer was given up', false);
  }

  consumer.on(GROUP_JOIN, ({ payload }) => {
    refuseLate();
    // Before the first fetch, and at every join: kafkajs forgets what is paused when it restarts.
    consumer.pause([{ topic }]);
    listener.joined(payload.memberAssignment[topic] ?? []);
  });
  consumer.on(HEARTBEAT, ({ payload }) => {
    refuseLate();
    listener.heartbeat(Number(payload.groupGenerationId));
  });
  consumer.on(CRASH, ({ payload }) => {
    if (!listener.isGivenUp()) listener.crashed(payload.error);
  });
  return consumer;
}

/** Connects and begins to join; rejects when kafkajs gives up. */
export async function runGroupConsumer(consumer: Consumer, topic: string): Promise<void> {
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({ autoCommit: false, eachBatch: async () => {} });
}

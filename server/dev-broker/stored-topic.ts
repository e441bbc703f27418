// A topic as a line of the journal keeps it.
import type { TopicConfig } from './topic-config.ts';

/** All topics together. */
export const MAX_PARTITIONS = 1000;

/** `id`, a UUID, makes a topic that is deleted and made again another one. */
export type StoredTopic = {
  readonly id: string;
  readonly partitions: number;
  readonly config: TopicConfig;
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a line of the journal can have been written by this code: a file may hold anything. */
export function isStoredTopic(name: string, value: unknown): boolean {
  const { id, partitions, config } = (value ?? {}) as Partial<StoredTopic>;
  const isPlaced = isTopicName(name) && typeof id === 'string' && UUID.test(id);
  if (!isPlaced || !isCount(partitions, MAX_PARTITIONS) || typeof config !== 'object') return false;
  return Object.values(config ?? {}).every((each) => typeof each === 'string');
}

/** A whole number from 0 to `most`. */
export function isCount(value: unknown, most: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most;
}

/** Whether Kafka would take it as the name of a topic; then it is also safe as part of a path. */
export function isTopicName(name: string): boolean {
  return /^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..';
}

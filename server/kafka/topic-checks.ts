// Whether the topics beside `orders` keep what they are given: checked, and mended where Kafka lets us.
import { AppError, describe, InconsistentStateError, isProgrammerError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { type Cluster, findLeader } from './cluster.ts';
import { ErrorCode, errorName } from './protocol.ts';
import {
  type Described,
  type Shortcoming,
  setSettings,
  settingOf,
  tooSmall,
} from './topic-settings.ts';

export const MAX_MESSAGE_BYTES = 'max.message.bytes';
export const CHECKPOINT_BYTES = 8 * 2 ** 20;
/** What the service adds to an order in a dead letter, at most. */
const DEAD_LETTER_ROOM = 64 * 1024;
export const KEPT_FOR_EVER = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
};

/** The largest batch that the dead-letter topic has to take. */
export function deadLetterLimit(orders: Described): number {
  return Number(settingOf(orders, MAX_MESSAGE_BYTES)) + DEAD_LETTER_ROOM;
}

/** Why dead letters would not stay in their topic, in words; null when they do. */
export function lossOf(deadLetters: Described): string | null {
  const policy = settingOf(deadLetters, 'cleanup.policy');
  return policy.includes('compact')
    ? `topic ${deadLetters.topic} has cleanup.policy=${policy}: compaction would remove dead letters, none is written until it is delete`
    : null;
}

/** What the dead-letter topic lacks: it has to take what `orders` takes and to keep it as long. */
export function deadLetterFaults(deadLetters: Described, orders: Described): Shortcoming[] {
  const asLong = (name: string) => tooSmall(deadLetters, name, Number(settingOf(orders, name)));
  return [
    ...tooSmall(deadLetters, MAX_MESSAGE_BYTES, deadLetterLimit(orders)),
    ...asLong('retention.ms'),
    ...asLong('retention.bytes'),
  ];
}

/** Throws InconsistentStateError when a topic may lose records that are read again at every start. */
export function mustKeepAll(described: Described): void {
  for (const [name, value] of Object.entries(KEPT_FOR_EVER)) {
    const found = settingOf(described, name);
    if (found === value) continue;
    const has = `topic ${described.topic} has ${name}=${found}`;
    throw new InconsistentStateError(`${has}, it needs ${value}`);
  }
}

/** What the checkpoint topic lacks. Throws InconsistentStateError when a restore may not find its head. */
export function checkpointFaults(checkpoints: Described): Shortcoming[] {
  mustKeepAll(checkpoints);
  return tooSmall(checkpoints, MAX_MESSAGE_BYTES, CHECKPOINT_BYTES);
}

/** Sets what falls short; in words what could not be set. */
export async function mend(
  cluster: Cluster,
  logger: Logger,
  topic: string,
  faults: readonly Shortcoming[],
): Promise<string[]> {
  if (faults.length === 0) return [];
  const changes = faults.map(({ name, found, wanted }) => `${name} from ${found} to ${wanted}`);
  try {
    const { node } = await findLeader(cluster, { topic, partition: 0 });
    const { error, message } = await cluster.send(node, setSettings(topic, faults));
    if (error !== ErrorCode.NONE) {
      const words = [message, errorName(error)].filter(Boolean).join(': ');
      throw new AppError('NOT_CHANGED', words, false);
    }
    logger.info('a topic was changed', { topic, changes });
    return [];
  } catch (error) {
    if (isProgrammerError(error)) throw error;
    const what = `topic ${topic} has to change ${changes.join(' and ')}`;
    return [`${what}, which was refused: ${describe(error)}`];
  }
}

/** The least number of replicas that a partition of the topic has, as `refresh` found it. */
export function replicasOf(cluster: Cluster, topic: string): number {
  const { partitions } = cluster.topic(topic) ?? { partitions: [] };
  if (partitions.length === 0) throw new AppError('METADATA', `topic ${topic}: no metadata`, true);
  return Math.min(...partitions.map(({ replicas }) => replicas));
}

/** Says when a topic has fewer replicas than `orders`: only the operator of the cluster can move them. */
export function checkReplicas(
  cluster: Cluster,
  logger: Logger,
  orders: string,
  companions: readonly string[],
): void {
  const wanted = replicasOf(cluster, orders);
  for (const topic of companions) {
    const replicas = replicasOf(cluster, topic);
    if (replicas >= wanted) continue;
    logger.warn('a topic has fewer replicas than orders', { topic, replicas, wanted });
  }
}

// Which topics the offsets of a task are of.
import { abortable } from '../log/abortable.ts';
import type { Checkpoint, Fingerprint } from '../log/checkpoint.ts';
import type { LogAccess } from '../log/head.ts';
import type { TopicPartition } from '../log/ports.ts';
import { type Identity, identify } from './identity.ts';

export type Identities = { readonly orders: Identity; readonly deadLetters: Identity };

/** The ids of two topics as Kafka gave them; null where it gives none. */
export type Ids = { readonly orders: string | null; readonly deadLetters: string | null };

/** The ids now; waits for Kafka. */
export async function idsOf({ logs, reader, signal }: Omit<LogAccess, 'clock'>): Promise<Ids> {
  const orders = await abortable(signal, reader.topicId(logs.orders.topic));
  const deadLetters = await abortable(signal, reader.topicId(logs.deadLetters.topic));
  return { orders, deadLetters };
}

/** The topics of `head`; of `ids` when there is none, or when it knows no ids. Rejects as `identify` does. */
export async function identifyBoth(
  deps: LogAccess,
  ids: Ids,
  head: Checkpoint | null,
): Promise<Identities> {
  const { logs, signal } = deps;
  const identity = (
    tp: TopicPartition,
    id: string | null,
    fingerprint: Fingerprint | null = null,
  ) => abortable(signal, identify(deps, tp, { id, fingerprint }));
  return {
    orders: await identity(logs.orders, head?.topicId ?? ids.orders, head?.fingerprint),
    deadLetters: await identity(
      logs.deadLetters,
      head?.deadLetterTopicId ?? ids.deadLetters,
      head?.deadLetterFingerprint,
    ),
  };
}

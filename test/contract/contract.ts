// What the service promises, as seen from outside and on any broker.
import type { Test } from 'tap';
import { checkpoints } from './checkpoints.ts';
import { deadLetterTopic } from './dead-letter-topic.ts';
import { deadLetters } from './dead-letters.ts';
import { ends } from './ends.ts';
import { group } from './group.ts';
import { orders } from './orders.ts';
import { processes } from './process.ts';
import type { Broker } from './world.ts';

/** Adds the tests that every broker must allow; they may run beside each other (`jobs`). */
export function contract(t: Test, broker: Broker): void {
  const parts = [orders, deadLetters, deadLetterTopic, checkpoints, ends, group, processes];
  for (const part of parts) part(t, broker);
}

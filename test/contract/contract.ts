// What the service promises, as seen from outside and on any broker.
import type { Test } from 'tap';
import { withKcat } from '../fixtures/kcat.ts';
import { deadLetters } from './dead-letters.ts';
import { ends } from './ends.ts';
import { group } from './group.ts';
import { orders } from './orders.ts';
import { processes } from './process.ts';

/** Runs what every broker must allow; several services at a time. */
export async function contract(t: Test, { brokers }: { brokers: string }): Promise<void> {
  const kcat = await withKcat(t, brokers);
  if (kcat === undefined) return;
  const broker = { brokers, kcat };
  for (const part of [orders, deadLetters, ends, group, processes]) part(t, broker);
}

// What the logs say, worked out from all that was ever written, and whether a checkpoint agrees.
// Shares no sums and no sets with the service.

import type { Bounds } from '../../server/log/ports.ts';
import { sumOf } from '../../server/orders/averages.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import { judge, type Verdict } from '../fixtures/oracle.ts';
import { type OrderCheckpoint, readCheckpoint } from '../fixtures/orders.ts';

/** A checkpoint, a view or a state of rest that contradicts the logs. */
export class Contradiction extends Error {}

/** Throws a Contradiction with these words unless it holds. */
export function demand(holds: boolean, words: string): asserts holds {
  if (!holds) throw new Contradiction(words);
}

type Fact = { readonly value: Buffer | null; readonly verdict: Verdict };

export type Oracle = {
  /** An order was written. */
  order(offset: number, record: RecordContent): void;
  /** An order was written in a batch that nobody can read. */
  damagedOrder(offset: number): void;
  /** A record was written to the dead-letter topic. */
  deadLetter(offset: number, record: RecordContent): void;
  /** A checkpoint was written; throws a Contradiction unless it is true. */
  checkpoint(value: Buffer, orders: Bounds): OrderCheckpoint;
  /** The next dead letter is a forgery: it need not have the bytes of an order. */
  forge(): void;
  /** Whether there ever was an order. */
  hasOrder(offset: number): boolean;
  /** Compaction took the order away; who has not read it yet never will. */
  compacted(offset: number): void;
  /** The topic was created anew: what is in it from now on is no fact. */
  recreated(topic: string, bounds: Bounds): void;
  /** Origins of our dead letters from one offset up to another. */
  originsBetween(from: number, to: number): Set<number>;
};

/** An oracle for partition 0 of `topic` and one group. */
export function createOracle(group: string, topic: string): Oracle {
  const orders = new Map<number, Fact>();
  const damaged = new Set<number>();
  const origins = new Map<number, number | null>();
  const taken = new Set<number>();
  /** The ends of topics that are no more. */
  const former = new Map<string, Bounds>();
  let deadLettersEnd = 0;
  let forging = false;

  function originsBetween(from: number, to: number): Set<number> {
    const found = new Set<number>();
    for (const [offset, origin] of origins) {
      if (offset >= from && offset < to && origin !== null) found.add(origin);
    }
    return found;
  }

  return {
    originsBetween,
    forge() {
      forging = true;
    },
    hasOrder: (offset) => orders.has(offset),
    compacted: (offset) => void taken.add(offset),
    recreated: (name, { low, high }) => void former.set(name, { low, high }),
    order(offset, { value }) {
      if (former.has(topic)) return;
      orders.set(offset, { value, verdict: judge(value) });
    },
    damagedOrder: (offset) => void damaged.add(offset),
    deadLetter(offset, { headers, value }) {
      // Whoever works on orders that were created anew finds out before its next checkpoint.
      if (former.size > 0) return;
      deadLettersEnd = offset + 1;
      const header = (name: string) =>
        headers.find(({ key }) => key.toString() === `orders.errors.${name}`)?.value?.toString();
      const ours = header('group') === group && header('topic') === topic;
      const origin = ours ? Number(header('offset')) : null;
      origins.set(offset, origin);
      if (origin === null) return;
      if (forging) {
        forging = false;
        return;
      }
      const original = orders.get(origin);
      demand(original !== undefined, `dead letter ${offset} stands for no order`);
      demand(sameBytes(original.value, value), `dead letter ${offset} has other bytes`);
    },
    checkpoint(bytes, bounds) {
      const checkpoint = readCheckpoint(bytes);
      const { low, high } = former.get(topic) ?? bounds;
      const { start, nextOffset, deadLetterOffset, lost, pending } = checkpoint;
      demand(nextOffset <= high, `N ${nextOffset} is in the future`);
      demand(deadLetterOffset <= deadLettersEnd, `d ${deadLetterOffset} is in the future`);
      const dead = originsBetween(0, deadLetterOffset);
      const waiting = new Set(pending.map(({ offset }) => offset));
      demand(waiting.size === pending.length, 'an order is pending twice');
      const gone = new Set<number>();
      for (const { from, to } of lost) {
        for (let offset = from; offset < to; offset += 1) {
          demand(!gone.has(offset), `order ${offset} is lost twice`);
          demand(!waiting.has(offset), `order ${offset} is lost and pending`);
          demand(!dead.has(offset), `order ${offset} is lost and dead-lettered`);
          demand(start <= offset && offset < nextOffset, `order ${offset} is lost outside`);
          const unreadable = offset < low || taken.has(offset) || damaged.has(offset);
          demand(unreadable, `order ${offset} is called lost but still there`);
          gone.add(offset);
        }
      }
      for (const offset of waiting) {
        demand(start <= offset && offset < nextOffset, `order ${offset} is pending outside`);
        demand(orders.has(offset), `pending order ${offset} does not exist`);
        demand(!dead.has(offset), `order ${offset} is pending and dead-lettered`);
      }
      const passed = new Set<number>();
      for (const { from, to } of checkpoint.gapRanges) {
        for (let offset = from; offset < to; offset += 1) passed.add(offset);
      }
      const sums = new Map<string, { count: number; sum: bigint }>();
      let gaps = 0;
      let deadLettered = 0;
      let counted = 0;
      for (let offset = start; offset < nextOffset; offset += 1) {
        const order = orders.get(offset);
        if (dead.has(offset)) deadLettered += 1;
        else if (gone.has(offset) || waiting.has(offset)) continue;
        else if (passed.has(offset)) {
          demand(order === undefined || taken.has(offset), `order ${offset} is called a gap`);
          demand(!damaged.has(offset), `order ${offset} cannot be read, but is called a gap`);
          gaps += 1;
        } else {
          demand(!damaged.has(offset), `order ${offset} cannot be read, but is not lost`);
          demand(order !== undefined, `a gap at ${offset} is not known as one`);
          const { verdict } = order;
          demand(!('reason' in verdict), `order ${offset} is counted, but is no order`);
          const tally = sums.get(verdict.product) ?? { count: 0, sum: 0n };
          sums.set(verdict.product, tally);
          tally.count += 1;
          tally.sum += verdict.price;
          counted += 1;
        }
      }
      demand(checkpoint.gaps === gaps, `${checkpoint.gaps} gaps, in truth ${gaps}`);
      demand(
        checkpoint.deadLettered === deadLettered,
        `${checkpoint.deadLettered} dead-lettered, in truth ${deadLettered}`,
      );
      for (const [product, tally] of checkpoint.averages) {
        const { count, sum } = sums.get(product) ?? { count: 0, sum: 0n };
        demand(tally.count === count, `${product} counted ${tally.count} times, in truth ${count}`);
        demand(sumOf(tally) === sum, `sum of ${product} is ${sumOf(tally)}, in truth ${sum}`);
      }
      demand(checkpoint.averages.size === sums.size, 'a product is missing');
      demand(
        nextOffset - start - gaps - gone.size === counted + deadLettered + waiting.size,
        'the balance does not hold',
      );
      return checkpoint;
    },
  };
}

function sameBytes(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}

// What the logs say, worked out from all that was ever written, and whether a checkpoint agrees.
// Shares no sums and no sets with the service.

import { unpackOffsets } from '../../server/log/packed-offsets.ts';
import type { Bounds } from '../../server/log/ports.ts';
import { sumOf } from '../../server/orders/averages.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import { judge, type Verdict } from '../fixtures/oracle.ts';
import { type OrderCheckpoint, readCheckpoint } from '../fixtures/orders.ts';

import type { Redrive } from './commands.ts';

/** A checkpoint, a view or a state of rest that contradicts the logs. */
export class Contradiction extends Error {}

/** Throws a Contradiction with these words unless it holds. */
export function demand(holds: boolean, words: string): asserts holds {
  if (!holds) throw new Contradiction(words);
}

type Fact = {
  readonly value: Buffer | null;
  readonly verdict: Verdict;
  readonly redrive: RedriveFact | null;
};

/** What the headers of a redriven record say. */
type RedriveFact = { readonly group: string; readonly origin: number; readonly id: string };

export type Oracle = {
  /** An order was written. */
  order(offset: number, record: RecordContent): void;
  /** An order was written in a batch that nobody can read. */
  damagedOrder(offset: number): void;
  /** A record was written to the dead-letter topic. */
  deadLetter(offset: number, record: RecordContent): void;
  /** A checkpoint was written; throws a Contradiction unless it is true. */
  checkpoint(value: Buffer, offset: number, boundsOf: (topic: string) => Bounds): OrderCheckpoint;
  /** An executor, which began when the orders ended at `beganAt`, is about to send a redriven record. */
  redriving(
    record: RecordContent,
    beganAt: number,
    redrives: readonly Redrive[],
    low: number,
  ): void;
  /** Whether there ever was a redriven record of our group for the order. */
  wasRedriven(origin: number): boolean;
  /** Whether the order at the offset is a redriven record. */
  isRedriven(offset: number): boolean;
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
  /** Of the dead letters of our group, what their headers say of a redrive. */
  const letterRedrives = new Map<number, RedriveFact>();
  /** R as checkpoints say it that lean on no other, by their place. */
  const bases = new Map<number, Buffer>();
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

  let lowOfOrders = 0;

  function recordsFor(origin: number): [number, Fact][] {
    return [...orders].filter(
      ([, { redrive }]) => redrive?.group === group && redrive.origin === origin,
    );
  }

  /** R of a checkpoint, with what stands in the one it leans on. */
  function redrivenIn({ base, redriven }: OrderCheckpoint): Set<number> {
    const before = base < 0 ? Buffer.alloc(0) : bases.get(base);
    demand(before !== undefined, `it leans on offset ${base}, where no whole checkpoint stands`);
    return new Set([...unpackOffsets(before), ...unpackOffsets(redriven)]);
  }

  /** What is said of redriven orders: `dead`, `gone` and so on as the checkpoint has them. */
  function checkRedrives(
    checkpoint: OrderCheckpoint,
    {
      dead,
      gone,
      passed,
      copies,
      waiting,
    }: Record<'dead' | 'gone' | 'passed' | 'copies' | 'waiting', Set<number>>,
  ): void {
    const { start, nextOffset, deadLetterOffset, commands, redrivenCount } = checkpoint;
    const must = new Set<number>();
    const may = new Set<number>();
    const alive = new Map<number, number[]>();
    const ended = new Map<number, number[]>();
    const counts = new Map<string, { seen: number; failedAgain: number; waiting: number }>();
    const countsOf = (id: string) => {
      const found = counts.get(id) ?? { seen: 0, failedAgain: 0, waiting: 0 };
      counts.set(id, found);
      return found;
    };
    for (const [offset, { redrive }] of orders) {
      if (redrive?.group !== group || offset < start) continue;
      const { origin, id } = redrive;
      if (dead.has(offset)) {
        must.add(origin);
        ended.set(origin, [...(ended.get(origin) ?? []), offset]);
        countsOf(id).seen += 1;
        countsOf(id).failedAgain += 1;
      } else if (offset < nextOffset && !copies.has(offset)) {
        may.add(origin);
        if (gone.has(offset) || (passed.has(offset) && taken.has(offset))) continue;
        must.add(origin);
        alive.set(origin, [...(alive.get(origin) ?? []), offset]);
        countsOf(id).seen += 1;
        if (waiting.has(offset)) countsOf(id).waiting += 1;
      }
    }
    for (const [offset, { origin, group: of }] of letterRedrives) {
      if (offset < deadLetterOffset && of === group) may.add(origin);
    }
    const set = redrivenIn(checkpoint);
    demand(set.size === redrivenCount, `${redrivenCount} redriven, but ${set.size} in the set`);
    for (const origin of must)
      demand(set.has(origin), `order ${origin} was redriven, but not in R`);
    for (const origin of set)
      demand(may.has(origin) || must.has(origin), `${origin} in R, but never redriven`);
    for (const [origin, offsets] of alive) {
      demand(offsets.length === 1, `order ${origin} was redriven and counted at ${offsets}`);
      const twice = ended.get(origin) ?? [];
      const first = Math.min(...recordsFor(origin).map(([offset]) => offset));
      // Who has not seen the first record, for retention or compaction took it, goes by the next.
      const excused = first < lowOfOrders || taken.has(first) || damaged.has(first);
      demand(
        twice.length === 0 || excused,
        `order ${origin} is redriven and counted, and dead-lettered`,
      );
    }
    const said = new Map(commands.map((each) => [each.id, each]));
    for (const id of new Set([...said.keys(), ...counts.keys()])) {
      const { seen, failedAgain, waiting } = countsOf(id);
      const is = said.get(id) ?? { seen: 0, failedAgain: 0, waiting: [] };
      const words = `${is.seen} seen, ${is.waiting.length} waiting, ${is.failedAgain} failed again`;
      demand(
        is.seen === seen && is.failedAgain === failedAgain && is.waiting.length === waiting,
        `${id}: ${words}; in truth ${seen}, ${waiting}, ${failedAgain}`,
      );
    }
  }

  /** D, where a checkpoint says it: all that are there still, and nothing that never was. */
  function checkDead(checkpoint: OrderCheckpoint, boundsOf: (topic: string) => Bounds): void {
    const { deadLetters, deadLetterOffset } = checkpoint;
    if (deadLetters.length === 0 || former.size > 0) return;
    const said = new Set(unpackOffsets(deadLetters));
    const ever = originsBetween(0, deadLetterOffset);
    for (const origin of said)
      demand(ever.has(origin), `order ${origin} in D is not dead-lettered`);
    for (const origin of originsBetween(boundsOf(`${topic}-dlq`).low, deadLetterOffset)) {
      demand(said.has(origin), `order ${origin} is dead-lettered, but not in D`);
    }
  }

  return {
    originsBetween,
    forge() {
      forging = true;
    },
    hasOrder: (offset) => orders.has(offset),
    compacted: (offset) => void taken.add(offset),
    recreated: (name, { low, high }) => void former.set(name, { low, high }),
    order(offset, { value, headers }) {
      if (former.has(topic)) return;
      orders.set(offset, { value, verdict: judge(value), redrive: redriveIn(headers) });
    },
    isRedriven: (offset) => orders.get(offset)?.redrive != null,
    wasRedriven: (origin) => recordsFor(origin).length > 0,
    redriving(record, beganAt, redrives, low) {
      lowOfOrders = low;
      const redrive = redriveIn(record.headers)!;
      const known = recordsFor(redrive.origin).filter(
        ([offset]) => offset < beganAt && !taken.has(offset) && !damaged.has(offset),
      );
      demand(
        known.length === 0 || known.every(([offset]) => offset < lowOfOrders),
        `order ${redrive.origin} is redriven by who could know that it was`,
      );
      const letter = Number(textOf(record.headers, 'orders.redrive.dead-letter'));
      const command = redrives.find(({ id }) => id === redrive.id)!;
      demand(letter < command.below, `${redrive.id} sends letter ${letter}, which came later`);
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
      const redrive = redriveIn(headers);
      if (redrive !== null) letterRedrives.set(offset, redrive);
      const told = JSON.stringify(orders.get(origin)?.redrive ?? null);
      demand(JSON.stringify(redrive) === told, `dead letter ${offset} forgets its redrive`);
      const original = orders.get(origin);
      demand(original !== undefined, `dead letter ${offset} stands for no order`);
      demand(sameBytes(original.value, value), `dead letter ${offset} has other bytes`);
    },
    checkpoint(bytes, place, boundsOf) {
      const checkpoint = readCheckpoint(bytes);
      const { low, high } = former.get(topic) ?? boundsOf(topic);
      lowOfOrders = low;
      if (checkpoint.base < 0) bases.set(place, checkpoint.redriven);
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
      const copies = new Set<number>();
      for (const { from, to } of checkpoint.copyRanges) {
        for (let offset = from; offset < to; offset += 1) copies.add(offset);
      }
      const redriven = redrivenIn(checkpoint);
      const sums = new Map<string, { count: number; sum: bigint }>();
      let gaps = 0;
      let deadLettered = 0;
      let counted = 0;
      let foreign = 0;
      for (let offset = start; offset < nextOffset; offset += 1) {
        const order = orders.get(offset);
        if (dead.has(offset)) deadLettered += 1;
        else if (gone.has(offset) || waiting.has(offset)) continue;
        else if (passed.has(offset)) {
          demand(order === undefined || taken.has(offset), `order ${offset} is called a gap`);
          demand(!damaged.has(offset), `order ${offset} cannot be read, but is called a gap`);
          gaps += 1;
        } else if (copies.has(offset)) {
          const redrive = order?.redrive;
          demand(redrive?.group === group, `order ${offset} is no copy`);
          demand(redriven.has(redrive.origin), `order ${offset} is a copy of nothing`);
        } else if (order?.redrive != null && order.redrive.group !== group) foreign += 1;
        else {
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
      for (const offset of copies) demand(!dead.has(offset), `copy ${offset} is dead-lettered`);
      demand(checkpoint.copies === copies.size, `${checkpoint.copies} copies`);
      demand(checkpoint.foreign === foreign, `${checkpoint.foreign} foreign, in truth ${foreign}`);
      checkRedrives(checkpoint, { dead, gone, passed, copies, waiting });
      checkDead(checkpoint, boundsOf);
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
        nextOffset - start - gaps - gone.size - copies.size - foreign ===
          counted + deadLettered + waiting.size,
        'the balance does not hold',
      );
      return checkpoint;
    },
  };
}

function textOf(headers: RecordContent['headers'], name: string): string | undefined {
  const texts = headers.filter(({ key }) => key.toString() === name).map(({ value }) => `${value}`);
  return new Set(texts).size === 1 ? texts[0] : undefined;
}

/** What the headers say, by rules of their own; null when one of them is missing. */
function redriveIn(headers: RecordContent['headers']): RedriveFact | null {
  const names = ['group', 'dead-letter', 'origin', 'id', 'count', 'at', 'by'];
  const texts = names.map((name) => textOf(headers, `orders.redrive.${name}`));
  if (texts.includes(undefined)) return null;
  return { group: texts[0]!, origin: Number(texts[2]), id: texts[3]! };
}

function sameBytes(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}

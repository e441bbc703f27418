// Faults as somebody might make them: each breaks one rule that the checkpoints' truth rests on.

import { AppError, describe, InconsistentStateError } from '../../server/errors.ts';
import { Fault as Refusal } from '../../server/log/fault.ts';
import { addRange, look } from '../../server/log/offset-ranges.ts';
import { Unready } from '../../server/log/unready.ts';
import type { Order } from '../../server/orders/order.ts';
import { REASONS } from '../../server/orders/reasons.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import type { Letter } from '../../server/task/ledger/read-dead-letter.ts';
import { orderFold as fold, type OrderLedgerState as State } from '../fixtures/orders.ts';
import { inLedger, inTask } from './planting.ts';
import { type Fault, names } from './task.ts';

/** The faults, by name. */
export const faults: Record<string, Fault> = {
  'position and sums in two ticks': inLedger((_ledger, state, { clock }) => ({
    count(order) {
      state.nextOffset += 1;
      clock.after(0, () => fold.add(state.folded, order));
    },
  })),

  'D ignored': inLedger((ledger, state) => ({
    arrive(offset, redrive) {
      const { deadLettered } = state;
      if (ledger.arrive(offset, redrive)) return true;
      if (state.deadLettered === deadLettered) return false;
      state.deadLettered -= 1;
      state.nextOffset -= 1;
      return true;
    },
    readDeadLetter(offset, origin, letter) {
      const order = orderOf(letter);
      const isCopy = origin !== null && state.deadLetters.has(origin);
      if (isCopy && offset >= state.deadLetterOffset && order !== null) {
        if (fold.contains(state.folded, order)) fold.subtract(state.folded, order);
      }
      return ledger.readDeadLetter(offset, origin, letter);
    },
  })),

  'D built from d instead of the low watermark': inLedger((ledger, state) => ({
    readDeadLetter(offset, origin, letter) {
      if (offset < state.deadLetterOffset) return undefined;
      return ledger.readDeadLetter(offset, origin, letter);
    },
  })),

  'no subtraction': inLedger((ledger, state) => ({
    readDeadLetter(offset, origin, letter) {
      const { corrections } = state;
      const ended = ledger.readDeadLetter(offset, origin, letter);
      if (state.corrections > corrections) fold.add(state.folded, orderOf(letter)!);
      return ended;
    },
  })),

  'the last record instead of the head': inTask((deps) => ({
    ...deps,
    reader: {
      ...deps.reader,
      async bounds(tp) {
        const { low, high } = await deps.reader.bounds(tp);
        return { low: tp === names.checkpoints ? Math.max(low, high - 1) : low, high };
      },
    },
  })),

  'trimming beyond the own last checkpoint': inTask((deps) => ({
    ...deps,
    async trim() {
      const { high } = await deps.reader.bounds(names.checkpoints);
      await deps.trim(high);
    },
  })),

  'dead-lettered when sent instead of when read back': inTask((deps) => {
    const sent = new Set<number>();
    let state: State | null = null;
    return {
      ...inLedger((ledger, own) => {
        state = own;
        return {
          readDeadLetter(offset, origin, letter) {
            const isKnown = origin !== null && sent.has(origin);
            return ledger.readDeadLetter(offset, isKnown ? null : origin, letter);
          },
        };
      }).task(deps),
      writer: {
        append(tp, records) {
          if (tp === names.deadLetters) for (const record of records) deadLetter(record);
          return deps.writer.append(tp, records);
        },
      },
    };

    function deadLetter({ headers }: RecordContent): void {
      const header = headers.find(({ key }) => key.toString() === 'orders.errors.offset');
      const origin = Number(header?.value);
      if (!state?.pending.delete(origin)) return;
      sent.add(origin);
      state.deadLettered += 1;
    }
  }),

  'd moved before the origin is checked, and a checkpoint written after all': inTask((deps) => ({
    ...inLedger((ledger, state) => ({
      readDeadLetter(offset, origin, letter) {
        try {
          return ledger.readDeadLetter(offset, origin, letter);
        } catch (error) {
          state.deadLetterOffset = offset + 1;
          // As any other error: the task writes down what it knows.
          throw new AppError('PLANTED', describe(error), false);
        }
      },
    })).task(deps),
    onFailed(error) {
      const isOurs = error instanceof AppError && error.code === 'PLANTED';
      deps.onFailed(isOurs ? new InconsistentStateError(error.message) : error);
    },
  })),

  'an order whose schema nobody knows now taken for one that was never counted': inLedger(
    (ledger) => ({
      readDeadLetter: (offset, origin, letter) =>
        ledger.readDeadLetter(offset, origin, { ...letter, decode: () => null }),
    }),
  ),

  'an origin in a gap taken for an order that was counted': inLedger((ledger, state) => ({
    readDeadLetter(offset, origin, letter) {
      const isGap = origin !== null && look(state.gapRanges, origin) === 'in';
      const { deadLettered } = state;
      const ended = ledger.readDeadLetter(offset, origin, letter);
      const order = orderOf(letter);
      if (isGap && state.deadLettered > deadLettered && order !== null) {
        if (fold.contains(state.folded, order)) {
          addRange(state.gapRanges, origin, origin + 1);
          fold.subtract(state.folded, order);
        }
      }
      return ended;
    },
  })),

  'dead letters passed over in a gap': inLedger((ledger, state) => ({
    passGap: (offset) => passWithout(state, offset) || ledger.passGap(offset),
    arrive(offset, redrive) {
      passWithout(state, offset);
      return ledger.arrive(offset, redrive);
    },
  })),

  'a dead letter passed over while its schema is asked for': inLedger((ledger) => ({
    readDeadLetter(offset, origin, decode) {
      const ended = ledger.readDeadLetter(offset, origin, decode);
      return ended instanceof Unready ? ledger.readDeadLetter(offset, null, decode) : ended;
    },
  })),

  'the silence of a registry taken for an answer': inTask((deps) => ({
    ...deps,
    fold: {
      ...deps.fold,
      decode(bytes, start, end) {
        const value = deps.fold.decode(bytes, start, end);
        return value instanceof Unready ? new Refusal(REASONS.SCHEMA_UNKNOWN, 'silence') : value;
      },
    },
  })),

  'the topic ids not looked at': inTask((deps) => ({
    ...deps,
    reader: { ...deps.reader, topicId: async () => 'always the same' },
  })),

  'the topic ids looked at only in a restore': inTask((deps) => {
    const ids = new Map<string, Promise<string | null>>();
    return {
      ...deps,
      reader: {
        ...deps.reader,
        topicId(topic) {
          const id = ids.get(topic) ?? deps.reader.topicId(topic);
          ids.set(topic, id);
          return id;
        },
      },
    };
  }),

  'retries by the wall clock': inTask((deps) => ({
    ...deps,
    clock: { ...deps.clock, monotonic: deps.clock.now },
  })),

  'a restore that reads on when it is closed': inTask((deps) => ({
    ...deps,
    reader: {
      ...deps.reader,
      follow(tp, from, follower) {
        let working = false;
        const following = deps.reader.follow(tp, from, {
          ...follower,
          async records(set) {
            working = true;
            await follower.records(set);
            working = false;
          },
        });
        return { close: () => (working || tp !== names.checkpoints) && following.close() };
      },
    },
  })),

  'a join while closing starts a task': {
    tasks(tasks, start) {
      let closed = false;
      return {
        ...tasks,
        assign(partitions) {
          if (closed && partitions.length > 0) start();
          else tasks.assign(partitions);
        },
        close() {
          closed = true;
          return tasks.close();
        },
      };
    },
  },
};

/** What a dead letter holds, where that is known. */
function orderOf(letter: Letter<Order>): Order | null {
  const order = letter.decode();
  return order instanceof Unready ? null : order;
}

/** What lies between N and `offset` is called a gap, dead letters or not. */
function passWithout(state: State, offset: number): false {
  addRange(state.gapRanges, state.nextOffset, offset);
  state.nextOffset = offset;
  return false;
}

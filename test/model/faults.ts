// Faults as somebody might make them: each breaks one rule that the checkpoints' truth rests on.
import { add, subtract } from '../../server/domain/averages.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import type { Ledger, LedgerState } from '../../server/stream/ledger.ts';
import type { PendingOrder } from '../../server/stream/pending-order.ts';
import type { TaskDeps } from '../../server/stream/task-run.ts';
import { type Fault, names } from './task.ts';

type State = LedgerState<PendingOrder>;
type Changed = Partial<Ledger<PendingOrder>>;

/** Replaces transitions of the ledger. */
function inLedger(
  change: (ledger: Ledger<PendingOrder>, state: State, deps: TaskDeps) => Changed,
): Fault {
  return (deps) => ({
    ...deps,
    createLedger(state) {
      const ledger = deps.createLedger!(state);
      return { ...ledger, ...change(ledger, state, deps) };
    },
  });
}

/** The faults, by name. */
export const faults: Record<string, Fault> = {
  'position and sums in two ticks': inLedger((_ledger, state, { clock }) => ({
    count({ product, price }) {
      state.nextOffset += 1;
      clock.after(0, () => add(state.averages, product, price));
    },
  })),

  'D ignored': inLedger((ledger, state) => ({
    arrive(offset) {
      if (ledger.arrive(offset)) return true;
      state.deadLettered -= 1;
      state.nextOffset -= 1;
      return true;
    },
    readDeadLetter(offset, origin, decode) {
      const order = decode();
      const isCopy = origin !== null && ledger.deadLetters.has(origin);
      if (isCopy && offset >= state.deadLetterOffset && order !== null) {
        if (state.averages.has(order.product)) {
          subtract(state.averages, order.product, order.price);
        }
      }
      return ledger.readDeadLetter(offset, origin, decode);
    },
  })),

  'D built from d instead of the low watermark': inLedger((ledger, state) => ({
    readDeadLetter(offset, origin, decode) {
      if (offset < state.deadLetterOffset) return undefined;
      return ledger.readDeadLetter(offset, origin, decode);
    },
  })),

  'no subtraction': inLedger((ledger, state) => ({
    readDeadLetter(offset, origin, decode) {
      const { corrections } = state;
      const order = decode();
      const ended = ledger.readDeadLetter(offset, origin, decode);
      if (state.corrections > corrections) add(state.averages, order!.product, order!.price);
      return ended;
    },
  })),

  'the last record instead of the head': (deps) => ({
    ...deps,
    reader: {
      ...deps.reader,
      async bounds(tp) {
        const { low, high } = await deps.reader.bounds(tp);
        return { low: tp === names.checkpoints ? Math.max(low, high - 1) : low, high };
      },
    },
  }),

  'trimming beyond the own last checkpoint': (deps) => ({
    ...deps,
    async trim() {
      const { high } = await deps.reader.bounds(names.checkpoints);
      await deps.trim(high);
    },
  }),

  'dead-lettered when sent instead of when read back': (deps) => {
    const sent = new Set<number>();
    let state: State | null = null;
    return {
      ...inLedger((ledger, own) => {
        state = own;
        return {
          readDeadLetter(offset, origin, decode) {
            const isKnown = origin !== null && sent.has(origin);
            return ledger.readDeadLetter(offset, isKnown ? null : origin, decode);
          },
        };
      })(deps),
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
  },
};

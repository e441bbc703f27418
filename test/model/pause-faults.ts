// Faults in what a pause does to the orders that are in hand when it begins.
import type { OrderLedger } from '../fixtures/orders.ts';
import { inLedger, inTask } from './planting.ts';
import { type Fault, names } from './task.ts';

/** The faults, by name; they show in stories about pauses. */
export const pauseFaults: Record<string, Fault> = {
  'a pause that loses orders in flight': inTask((deps) => {
    let ledger: OrderLedger | null = null;
    const { createLedger } = deps;
    return {
      ...deps,
      createLedger(...args) {
        ledger = createLedger!(...args);
        return ledger;
      },
      reader: {
        ...deps.reader,
        follow(tp, from, follower) {
          let end = 0;
          const following = deps.reader.follow(tp, from, {
            ...follower,
            async records(set) {
              end = set.highWatermark;
              await follower.records(set);
              end = 0;
            },
          });
          return {
            close() {
              following.close();
              // What was read and not handled is passed over.
              if (tp === names.orders && ledger !== null && end > ledger.state.nextOffset)
                ledger.passGap(end);
            },
          };
        },
      },
    };
  }),

  'what may not be given up is forgotten': inLedger((ledger, state) => ({
    failed(pending, known) {
      ledger.failed(pending, known);
      const isHeldBack = known.error !== undefined && known.attempts !== undefined;
      if (isHeldBack) state.pending.delete(pending.record.offset);
    },
  })),
};

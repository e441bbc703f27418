// Faults in what was redriven, and in the checkpoint that others lean on.

import { decodeCheckpoint, encodeCheckpoint } from '../../server/log/checkpoint.ts';
import { packOffsets, unpackOffsets } from '../../server/log/packed-offsets.ts';
import type { OpenRedrive } from '../../server/task/partition-commands.ts';
import { inCommands, inLedger, inTask } from './planting.ts';
import { type Fault, names } from './task.ts';

/** The faults, by name; they show in stories about redrives. */
export const redriveFaults: Record<string, Fault> = {
  'R in another tick than N': inLedger((_ledger, { redriven }, { clock }) => {
    const add = redriven.add;
    redriven.add = (origin) => {
      clock.after(0, () => add(origin));
      return true;
    };
    return {};
  }),

  'R restored without what came since the checkpoint it leans on': inLedger((_ledger, state) => {
    const since = new Set(unpackOffsets(state.redriven.packSinceBase()));
    if (state.base === null || since.size === 0) return {};
    const { has } = state.redriven;
    state.redriven.has = (origin) => !since.has(origin) && has(origin);
    return {};
  }),

  'only the greatest command and letter kept instead of R': inLedger((ledger, state) => {
    let greatest = '';
    const { has } = state.redriven;
    return {
      arrive(offset, redrive) {
        if (redrive === null || redrive.group !== names.group)
          return ledger.arrive(offset, redrive);
        const key = [redrive.id, redrive.deadLetter].map((part) => `${part}`.padStart(9)).join();
        state.redriven.has = () => key <= greatest;
        const arrived = ledger.arrive(offset, redrive);
        state.redriven.has = has;
        if (key > greatest) greatest = key;
        return arrived;
      },
    };
  }),

  'records that other groups redrove are counted': inLedger((ledger) => ({
    arrive: (offset, redrive) =>
      ledger.arrive(offset, redrive?.group === names.group ? redrive : null),
  })),

  'copies neither counted nor in the balance': inLedger((ledger, state) => ({
    arrive(offset, redrive) {
      const before = [...state.copyRanges];
      const arrived = ledger.arrive(offset, redrive);
      state.copyRanges.splice(0, Number.POSITIVE_INFINITY, ...before);
      return arrived;
    },
  })),

  'what the head leans on is trimmed': inTask((deps) => {
    let last = 0;
    return {
      ...deps,
      writer: {
        async append(tp, records) {
          const offset = await deps.writer.append(tp, records);
          if (tp === names.checkpoints) last = offset;
          return offset;
        },
      },
      trim: () => deps.trim(last),
    };
  }),

  'a whole checkpoint under the name of another group': inTask((deps) => ({
    ...deps,
    writer: {
      append(tp, records) {
        const changed = records.map((record) => {
          if (tp !== names.checkpoints) return record;
          const checkpoint = decodeCheckpoint(record.value!);
          if (checkpoint.deadLetters.length === 0) return record;
          return Object.assign(record, {
            value: encodeCheckpoint({ ...checkpoint, group: 'other' }),
          });
        });
        return deps.writer.append(tp, changed);
      },
    },
  })),

  'D without one of its members': inLedger((_ledger, { deadLetters }) => {
    const { pack } = deadLetters;
    deadLetters.pack = () => packOffsets(unpackOffsets(pack()).slice(1));
    return {};
  }),

  'D as it was some time ago': inLedger((_ledger, { deadLetters }) => {
    const { pack } = deadLetters;
    let first: Buffer | null = null;
    deadLetters.pack = () => {
      first ??= pack();
      return first;
    };
    return {};
  }),

  'the end of the orders not read before a redrive': inCommands(({ letters, ...commands }) => ({
    ...commands,
    letters: {
      ...letters,
      async bounds(tp) {
        const bounds = await letters.bounds(tp);
        return tp === names.orders ? { ...bounds, high: bounds.low } : bounds;
      },
    },
  })),

  'a filter whose end moves': inCommands((commands) => ({
    ...commands,
    log: {
      ...commands.log,
      state() {
        const state = commands.log.state();
        return { ...state, redrives: state.redrives.map(withoutEnd) };
      },
    },
  })),
};

function withoutEnd({ command, ...open }: OpenRedrive): OpenRedrive {
  const { selection } = command;
  if (selection.kind === 'offsets') return { ...open, command };
  return { ...open, command: { ...command, selection: { ...selection, below: 2 ** 40 } } };
}

// A redrive: how fast letters are read, chosen and sent, without the orders being handled again.
import { systemClock as clock } from '../../server/log/clock.ts';
import { createProgress } from '../../server/log/progress.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import type { CommandState, PartitionCommands } from '../../server/task/partition-commands.ts';
import { createRedriver } from '../../server/task/redriver.ts';
import { createChooser } from '../../server/view/letter-choice.ts';
import { redriveOf } from '../fixtures/commands.ts';
import { type MemoryLogs, memoryLogs } from '../fixtures/memory-log.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { taskLogs as logs } from '../fixtures/task.ts';
import { letterBatch } from './index-rows.ts';
import { measure, type Row, row, takingTurns } from './turns.ts';

const LETTERS = 200_000;
const BATCH = 1000;

export async function redriveRows(): Promise<Row[]> {
  const memory = memoryLogs();
  for (let first = 0; first < LETTERS; first += BATCH) {
    memory.appendBatch(logs.deadLetters, letterBatch(first, BATCH, 0));
  }
  const { result, cost, longestTurn } = await measure(() => redriveAll(memory));
  if (result !== LETTERS) throw new Error(`${result} of ${LETTERS} sent`);
  return [
    row('redrive, letters a CPU second', (LETTERS / cost) * 1000, { least: 50_000 }),
    row('redrive, longest turn, CPU ms', longestTurn, { most: 15 }),
  ];
}

/** How many it has sent when it is done. */
function redriveAll(memory: MemoryLogs): Promise<number> {
  const open = { id: 'bench', by: 'bench', command: redriveOf({ below: LETTERS }), ended: null };
  const state: CommandState = { next: 1, pause: null, redrives: [open] };
  const commands: PartitionCommands = {
    tp: { topic: 'g-commands', partition: 0 },
    caughtUp: async () => {},
    state: () => state,
    watch: () => () => {},
  };
  let written = 0;
  return new Promise((resolve) => {
    const redriver = createRedriver({
      logs,
      commands,
      clock,
      letters: takingTurns(memory.reader),
      choose: (command) => createChooser({ group: 'g', topic: 'orders' })(command, 0),
      checkLetters: async () => {},
      books: {
        get nextOffset() {
          return written;
        },
        isRedriven: () => false,
        outcome: () => ({ seen: written, waiting: 0, failedAgain: 0 }),
      },
      isPaused: () => false,
      author: { group: 'g', app: 'bench', instance: 'bench' },
      writer: {
        async append(_tp, records) {
          // As the appender does it before it sends.
          encodeBatch(records);
          const first = written;
          await clock.breathe();
          written += records.length;
          setImmediate(() => redriver.look());
          return first;
        },
      },
      random: Math.random,
      logger: silentLogger,
      progress: createProgress(clock),
      write: async (_id, _body, why) => {
        if (why !== '') throw new Error(why);
        resolve(written);
        return 0;
      },
      onFailed(error) {
        throw error;
      },
    });
  });
}

// `node dist/test/bench/redrive.js`: how fast letters are read, chosen and sent, and for how long that holds
// the event loop; in memory, without a broker and without the orders being handled again.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock as clock } from '../../server/log/clock.ts';
import { createProgress } from '../../server/log/progress.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import type { CommandState, PartitionCommands } from '../../server/task/partition-commands.ts';
import { createRedriver } from '../../server/task/redriver.ts';
import { createChooser } from '../../server/view/letter-choice.ts';
import { redriveOf } from '../fixtures/commands.ts';
import { someLetter } from '../fixtures/dead-letters.ts';
import { memoryLogs } from '../fixtures/memory-log.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { taskLogs as logs } from '../fixtures/task.ts';

const LETTERS = 200_000;
const BATCH = 1000;

const memory = memoryLogs();
for (let first = 0; first < LETTERS; first += BATCH) {
  const letters = Array.from({ length: BATCH }, (_, i) =>
    someLetter({ origin: first + i, partition: 0, text: `PERMANENT: no account ${first + i}` }),
  );
  memory.append(logs.deadLetters, letters);
}

const below = LETTERS;
const open = { id: 'bench', by: 'bench', command: redriveOf({ below }), ended: null };
const state: CommandState = { next: 1, pause: null, redrives: [open] };
const tp = { topic: 'g-commands', partition: 0 };
const commands: PartitionCommands = {
  tp,
  caughtUp: async () => {},
  state: () => state,
  watch: () => () => {},
};
let written = 0;
const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
const begun = performance.now();
const cpuBegun = process.cpuUsage();
await new Promise<void>((resolve) => {
  const redriver = createRedriver({
    logs,
    commands,
    clock,
    letters: memory.reader,
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
      resolve();
      return 0;
    },
    onFailed(error) {
      throw error;
    },
  });
});
const seconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(cpuBegun);
delays.disable();
if (written !== LETTERS) throw new Error(`${written} of ${LETTERS} sent`);
console.log(`${Math.round(LETTERS / seconds)} letters a second`);
console.log(`${Math.round(LETTERS / ((user + system) / 1e6))} letters a second of one core`);
console.log(`event loop held for ${(delays.max / 1e6).toFixed(1)} ms at most`);

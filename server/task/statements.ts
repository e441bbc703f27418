// What a task states of its partition: the ledger as a checkpoint, about every interval, written only
// when Kafka has said after it was taken that its topics are still the same.
import { abortable, createAbort } from '../log/abortable.ts';
import { encodeCheckpoint } from '../log/checkpoint.ts';
import type { Fold } from '../log/fold.ts';
import type { TaskLogs } from '../log/head.ts';
import type { LogWriter } from '../log/ports.ts';
import { checkpointOf } from './books.ts';
import { createCheckpointer } from './checkpointer.ts';
import type { Identities } from './identities.ts';
import type { Books } from './ledger.ts';
import { persist } from './persist.ts';
import type { Owner, Rules, Runtime } from './task-deps.ts';

export type Statements = {
  /** Something changed that the next checkpoint will carry. */
  changed(): void;
  /** Writes nothing more and waits for nothing more. */
  abandon(): void;
  /** Writes a last checkpoint if something has changed, within LAST_WITHIN_MS and unless abandoned. */
  close(): Promise<void>;
};

/** A last checkpoint that takes longer costs more than it saves: some handler calls are repeated without. */
const LAST_WITHIN_MS = 3000;

/** `highWatermark` is that of the orders; `onFailed` hears what cannot be written. */
export function createStatements<State>(deps: {
  logs: TaskLogs;
  owner: Owner;
  fold: Pick<Fold<unknown, State>, 'encode'>;
  rules: Pick<Rules, 'checkpointIntervalMs' | 'checkpointShare'>;
  runtime: Runtime;
  writer: LogWriter;
  books: Books<State>;
  identities: Identities;
  highWatermark: () => number;
  onFailed: (error: unknown) => void;
}): Statements {
  const { logs, owner, fold, rules, runtime, writer, books, identities, highWatermark } = deps;
  const { clock, logger, instruments } = runtime;
  const abandoned = createAbort();
  let takenAt = 0;
  const checkpointer = createCheckpointer({
    intervalMs: rules.checkpointIntervalMs,
    share: rules.checkpointShare,
    clock,
    take,
    write,
    onFailed: deps.onFailed,
  });

  function take(): Buffer {
    takenAt = clock.monotonic();
    return encodeCheckpoint(
      checkpointOf(books, fold.encode, logs, identities, clock.monotonic(), {
        generation: owner.generation() ?? -1,
        owner: owner.author.instance,
        ownerStartedAt: owner.startedAt,
        writtenAt: clock.now(),
        highWatermark: highWatermark(),
      }),
    );
  }

  async function write(value: Buffer): Promise<void> {
    const { signal } = abandoned;
    const { orders, deadLetters } = identities;
    try {
      await abortable(signal, Promise.all([orders.check(), deadLetters.check()]));
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    // Kafka refuses times far from its own, and needs none.
    const record = { timestamp: -1, key: null, value, headers: [] };
    const at = await persist({ ...runtime, writer }, logs.checkpoints, [record], signal);
    if (at === undefined) return;
    instruments.checkpointTook.observe((clock.monotonic() - takenAt) / 1000);
    instruments.checkpointBytes.observe(value.length);
  }

  return {
    changed: checkpointer.changed,
    abandon: () => abandoned.abort(),
    async close() {
      const cancel = clock.after(LAST_WITHIN_MS, () => {
        logger.warn('the last checkpoint was not written: Kafka took too long', {
          ...logs.orders,
          waitedMs: LAST_WITHIN_MS,
        });
        abandoned.abort();
      });
      await checkpointer.close();
      cancel();
    },
  };
}

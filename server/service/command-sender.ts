// Writes commands to their topic.
import { AppError, describe } from '../errors.ts';
import type { Clock } from '../log/clock.ts';
import { type Command, encodeCommand } from '../log/command.ts';
import type { Logger } from '../log/logger.ts';
import { type LogWriter, nameOf } from '../log/ports.ts';
import { createProgress } from '../log/progress.ts';
import { persist } from '../task/persist.ts';
import { createWaits } from '../task/waits.ts';
import type { Commands } from '../view/commands.ts';

/** For one record; who asks waits so long. */
const WRITE_WITHIN_MS = 10_000;
const READ_WITHIN_MS = 5000;

/**
 * Sends each partition its command. When it resolves, Kafka has all of them, and those who look here see
 * them. Rejects with an AppError: BAD_COMMAND before anything is written, NOT_WRITTEN with the partitions
 * that have theirs.
 */
export type SendCommands = (commandsByPartition: ReadonlyMap<number, Command>) => Promise<void>;

/** Sends to `topic`, and waits until `commands` has read it there. */
export function createCommandSender(deps: {
  topic: string;
  commands: Pick<Commands, 'watch' | 'position'>;
  writer: LogWriter;
  clock: Clock;
  logger: Logger;
}): SendCommands {
  const { topic, commands, writer, clock, logger } = deps;
  const progress = createProgress(clock);

  async function writeOne(partition: number, value: Buffer): Promise<void> {
    const tp = { topic, partition };
    const records = [{ timestamp: -1, key: null, value, headers: [] }];
    const sending = { writer, clock, random: Math.random, logger, progress };
    const tooLong = new AbortController();
    const cancel = clock.after(WRITE_WITHIN_MS, () => tooLong.abort());
    const offset = await persist(sending, tp, records, tooLong.signal).finally(cancel);
    if (offset === undefined) {
      throw new AppError('NOT_WRITTEN', `${nameOf(tp)} cannot be written`, true);
    }
    await wasRead(partition, offset);
  }

  /** Waits until it was read here, but not for ever, and never fails: Kafka has the command in any case. */
  async function wasRead(partition: number, offset: number): Promise<void> {
    const waits = createWaits();
    const tooLong = new AbortController();
    const unwatch = commands.watch(waits.look);
    const cancel = clock.after(READ_WITHIN_MS, () => tooLong.abort());
    await waits
      .until(() => commands.position(partition) > offset, tooLong.signal)
      .catch(() => {})
      .finally(() => {
        unwatch();
        cancel();
      });
  }

  return async (commandsByPartition) => {
    // All of them are checked before any is written.
    const values = [...commandsByPartition].map(
      ([partition, command]) => [partition, encodeCommand(command)] as const,
    );
    const written: number[] = [];
    for (const [partition, value] of values) {
      try {
        await writeOne(partition, value);
        written.push(partition);
      } catch (error) {
        const words = `partition ${partition} has not got it: ${describe(error)}`;
        const others = written.length > 0 ? `; partitions ${written.join(', ')} have` : '';
        throw new AppError('NOT_WRITTEN', `${words}${others}`, true, { cause: error });
      }
    }
  };
}

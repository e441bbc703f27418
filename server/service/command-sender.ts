// Writes commands to their topic.
import { AppError, describe } from '../errors.ts';
import { within } from '../log/abortable.ts';
import type { Clock } from '../log/clock.ts';
import { type Command, encodeCommand } from '../log/command.ts';
import type { Logger } from '../log/logger.ts';
import { type LogWriter, nameOf } from '../log/ports.ts';
import { createProgress } from '../log/progress.ts';
import { persist } from '../task/persist.ts';
import { createWaits } from '../task/waits.ts';
import type { Commands } from '../view/commands.ts';

/** For all of them; who asks waits so long at most for each. */
const WRITE_WITHIN_MS = 10_000;
const READ_WITHIN_MS = 3000;

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

  async function writeOne(partition: number, value: Buffer, signal: AbortSignal): Promise<number> {
    const tp = { topic, partition };
    const records = [{ timestamp: -1, key: null, value, headers: [] }];
    const sending = { writer, clock, random: Math.random, logger, progress };
    const offset = await persist(sending, tp, records, signal);
    if (offset === undefined) {
      throw new AppError('NOT_WRITTEN', `${nameOf(tp)} cannot be written`, true);
    }
    return offset;
  }

  /** Waits until they were read here, but not for ever, and never fails: Kafka has them in any case. */
  async function wereRead(
    offsets: ReadonlyMap<number, number>,
    signal: AbortSignal,
  ): Promise<void> {
    const waits = createWaits();
    const unwatch = commands.watch(waits.look);
    const isRead = () => [...offsets].every(([each, offset]) => commands.position(each) > offset);
    await waits
      .until(isRead, signal)
      .catch(() => {})
      .finally(unwatch);
  }

  return async (commandsByPartition) => {
    // All of them are checked before any is written.
    const values = [...commandsByPartition].map(
      ([partition, command]) => [partition, encodeCommand(command)] as const,
    );
    const written = new Map<number, number>();
    await within(clock, WRITE_WITHIN_MS, async (signal) => {
      for (const [partition, value] of values) {
        try {
          written.set(partition, await writeOne(partition, value, signal));
        } catch (error) {
          const words = `partition ${partition} has not got it: ${describe(error)}`;
          const others =
            written.size > 0 ? `; partitions ${[...written.keys()].join(', ')} have` : '';
          throw new AppError('NOT_WRITTEN', `${words}${others}`, true, { cause: error });
        }
      }
    });
    await within(clock, READ_WITHIN_MS, (signal) => wereRead(written, signal));
  };
}

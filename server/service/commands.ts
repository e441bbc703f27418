// Writes commands for HTTP. What was asked for is in the topic, and known here, before the answer is given.
import { randomUUID } from 'node:crypto';
import { AppError, describe } from '../errors.ts';
import type { Caller, CommandBook, CommandDesk, RedriveRequest } from '../http/commands.ts';
import { createAbort } from '../log/abortable.ts';
import type { Clock } from '../log/clock.ts';
import { type Command, type CommandBody, encodeCommand } from '../log/command.ts';
import type { Logger } from '../log/logger.ts';
import { type LogWriter, nameOf } from '../log/ports.ts';
import { createProgress } from '../log/progress.ts';
import { persist } from '../task/persist.ts';
import { createWaits } from '../task/waits.ts';
import type { CommandsReader } from '../view/commands.ts';
import { previewOf, type Select, type Share } from './selecting.ts';

/** Who asks waits so long at most for each of these: together less than a silent connection is kept open. */
const SELECT_WITHIN_MS = 12_000;
const WRITE_WITHIN_MS = 10_000;
const READ_WITHIN_MS = 3000;

/** The desk of one group; `book` tells what was commanded before. */
export function createCommandDesk(deps: {
  group: string;
  topic: string;
  commands: CommandsReader;
  book: CommandBook;
  select: Select;
  partitions: () => number;
  writer: LogWriter;
  clock: Clock;
  logger: Logger;
}): CommandDesk {
  const { group, topic, commands, book, select, partitions, writer, clock, logger } = deps;
  const progress = createProgress(clock);

  /** Kafka has it when this resolves, and those who look here see it. */
  async function write(commandsByPartition: ReadonlyMap<number, Command>): Promise<void> {
    // All of them are checked before any is written.
    const values = [...commandsByPartition].map(
      ([partition, command]) => [partition, encodeCommand(command)] as const,
    );
    const written = new Map<number, number>();
    await within(WRITE_WITHIN_MS, async (signal) => {
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
    await within(READ_WITHIN_MS, (signal) => wereRead(written, signal));
  }

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

  /** Does not fail: they stand there, whenever they are read. */
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

  /** Work that is told when its time is over. */
  async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const tooLong = createAbort();
    const cancel = clock.after(ms, () => tooLong.abort());
    return work(tooLong.signal).finally(cancel);
  }

  /** A selection that comes too late is none: nothing is written for who was told that it failed. */
  function selected(request: RedriveRequest): Promise<readonly Share[]> {
    return within(SELECT_WITHIN_MS, async (signal) => {
      try {
        return await select(request, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
        const words =
          'the dead letters could not be read in time, and nothing was written: try again';
        throw new AppError('NOT_READ', words, true, { cause: error });
      }
    });
  }

  function from<Body extends CommandBody>(who: Caller, id: string, why: string, body: Body) {
    return { group, id, at: clock.now(), ...who, why, ...body };
  }

  function mustBeKnown(): void {
    if (commands.known) return;
    throw new AppError('NOT_KNOWN_YET', 'the commands have not been read yet', true);
  }

  return {
    async preview(request) {
      mustBeKnown();
      return previewOf(await selected(request));
    },
    async redrive(request, who) {
      mustBeKnown();
      const shares = await selected(request);
      const preview = previewOf(shares);
      if (preview.selected === 0) throw nothingSelected(preview);
      const id = randomUUID();
      const parts = shares.filter(({ selected }) => selected > 0);
      const body = (share: Share) => partOf(request, share, preview.selected);
      await write(
        new Map(parts.map((each) => [each.partition, from(who, id, request.why, body(each))])),
      );
      return { id, ...preview };
    },
    async cancel(id, why, who) {
      mustBeKnown();
      const redrive = commands.redrive(id);
      const before = book.redrive(id);
      if (redrive === null || before === null) {
        throw new AppError('UNKNOWN_COMMAND', 'there is no such redrive', false);
      }
      if (['done', 'cancelled', 'stopped'].includes(before.state)) {
        throw new AppError('ALREADY_ENDED', `the redrive is ${before.state} already`, false);
      }
      const open = [...redrive.shares.keys()].filter((each) => !redrive.closed.has(each));
      const cancel = from(who, id, why, { kind: 'cancel' });
      await write(new Map(open.map((partition) => [partition, cancel])));
      return book.redrive(id) ?? before;
    },
    async setPaused(paused, { partitions: named, why }, who) {
      mustBeKnown();
      const all = Array.from({ length: partitions() }, (_, partition) => partition);
      const unknown = named?.find((partition) => !all.includes(partition));
      if (unknown !== undefined) {
        throw new AppError('UNKNOWN_PARTITION', `there is no partition ${unknown}`, false);
      }
      const changed = [...new Set(named ?? all)].filter(
        (partition) => commands.pauses().has(partition) !== paused,
      );
      const body: CommandBody = paused ? { kind: 'pause', breaker: false } : { kind: 'resume' };
      const command = from(who, randomUUID(), why, body);
      await write(new Map(changed.map((partition) => [partition, command])));
      return changed;
    },
  };
}

/** What one partition gets of the rate and of the canary: as much as it has of the letters. */
function partOf({ rate, canary }: RedriveRequest, { command, selected }: Share, all: number) {
  const share = selected / all;
  return {
    ...command,
    rate: rate === null ? null : rate * share,
    canary:
      canary === null ? null : { ...canary, count: Math.max(1, Math.round(canary.count * share)) },
  };
}

function nothingSelected(preview: {
  readonly alreadyRedriven: number;
  readonly parked: number;
  readonly leftOut: number;
}): AppError {
  const { alreadyRedriven, parked, leftOut } = preview;
  const found = alreadyRedriven + parked + leftOut;
  const words =
    found === 0
      ? 'no dead letter is selected'
      : `of ${found} selected, ${alreadyRedriven} are redriven already, ${parked} too often, ${leftOut} cannot be sent`;
  return new AppError('NOTHING_SELECTED', words, false);
}

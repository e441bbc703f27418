// Writes commands for HTTP. What was asked for is in the topic, and known here, before the answer is given.
import { randomUUID } from 'node:crypto';
import { AppError } from '../errors.ts';
import type {
  Caller,
  CommandBook,
  CommandDesk,
  RedriveRequest,
  RedriveState,
} from '../http/commands.ts';
import { within } from '../log/abortable.ts';
import type { Clock } from '../log/clock.ts';
import type { CommandBody } from '../log/command.ts';
import type { Logger } from '../log/logger.ts';
import type { LogWriter } from '../log/ports.ts';
import type { CommandsReader } from '../view/commands.ts';
import { createCommandSender } from './command-sender.ts';
import { previewOf, type Select, type Share } from './selecting.ts';

const ENDED: ReadonlySet<RedriveState> = new Set(['done', 'cancelled', 'stopped']);
/** Who asks waits so long at most: with the writing less than a silent connection is kept open. */
const SELECT_WITHIN_MS = 12_000;

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
  const send = createCommandSender({ topic, commands, writer, clock, logger });

  /** A selection that comes too late is none: nothing is written for who was told that it failed. */
  function selected(request: RedriveRequest): Promise<readonly Share[]> {
    return within(clock, SELECT_WITHIN_MS, async (signal) => {
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
      await send(
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
      if (ENDED.has(before.state)) {
        throw new AppError('ALREADY_ENDED', `the redrive is ${before.state} already`, false);
      }
      const open = [...redrive.shares.keys()].filter((each) => !redrive.closed.has(each));
      const cancel = from(who, id, why, { kind: 'cancel' });
      await send(new Map(open.map((partition) => [partition, cancel])));
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
      await send(new Map(changed.map((partition) => [partition, command])));
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

// Carries out the redrives of one partition: reads the letters that are selected, and sends those whose
// orders were not redriven yet. Any number of senders does no harm, for a ledger takes each order once;
// what is waited for here only keeps copies few.

import { AppError, describe, isProgrammerError } from '../errors.ts';
import { abortable, createAbort } from '../log/abortable.ts';
import type { Clock } from '../log/clock.ts';
import type { ClosedCommand, RedriveCommand } from '../log/command.ts';
import type { TaskLogs } from '../log/head.ts';
import { originalUnder } from '../log/original.ts';
import type { LogReader } from '../log/ports.ts';
import { rangesOf } from '../log/selected-ranges.ts';
import { readRange } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { WriteCommand } from './command-writer.ts';
import type { Books } from './ledger-state.ts';
import type { OpenRedrive, PartitionCommands } from './partition-commands.ts';
import { createSender, outcomeOf, type RedriveBooks, type SenderDeps } from './redrive-sender.ts';
import { createSentAhead } from './sent-ahead.ts';
import { createWaits, pass } from './waits.ts';

/** What a letter is to a redrive; null: it is not selected. See view/letter-choice.ts. */
export type Choose = (cursor: RecordCursor) => {
  readonly kind: 'send' | 'parked' | 'leftOut';
  readonly origin: number;
  readonly lives: number;
} | null;

export type Redriver = {
  /** The ledger has moved on, or a pause has begun or ended. */
  look(): void;
  /** Sends nothing more; what is on its way may still arrive. */
  close(): void;
};

export type RedriverDeps = Omit<
  SenderDeps,
  'ahead' | 'waits' | 'redrive' | 'signal' | 'endOfOrders'
> & {
  logs: TaskLogs;
  clock: Clock;
  commands: PartitionCommands;
  /** Reads nothing else: while a redrive waits, nobody else has to. */
  letters: LogReader;
  choose: (command: RedriveCommand) => Choose;
  /** Rejects when the letters are of another topic of the same name by now. */
  checkLetters: () => Promise<void>;
  write: WriteCommand;
  onFailed: (error: unknown) => void;
};

type Running = { readonly ended: OpenRedrive['ended']; readonly controller: AbortController };

/** A clock may be set while it is waited for. */
const LOOK_AT_CLOCK_MS = 1000;

/** Begins with what is open already. */
export function createRedriver(deps: RedriverDeps): Redriver {
  const { logs, clock, commands, letters, logger, books, write, onFailed } = deps;
  const { partition } = logs.orders;
  const running = new Map<string, Running>();
  const waits = createWaits();
  const ahead = createSentAhead();
  const unwatch = commands.watch(sync);
  let endAtStart: Promise<number> | null = null;

  function sync(): void {
    const open = new Map(commands.state().redrives.map((redrive) => [redrive.id, redrive]));
    for (const [id, { ended, controller }] of running) {
      const still = open.get(id);
      if (still?.ended === ended) continue;
      running.delete(id);
      controller.abort();
    }
    for (const redrive of open.values()) if (!running.has(redrive.id)) start(redrive);
  }

  function start(redrive: OpenRedrive): void {
    const controller = createAbort();
    const { signal } = controller;
    running.set(redrive.id, { ended: redrive.ended, controller });
    const work = redrive.ended === null ? toItsEnd(redrive, signal) : settle(redrive, signal);
    work.catch((error: unknown) => signal.aborted || onFailed(error));
  }

  async function toItsEnd(redrive: OpenRedrive, signal: AbortSignal): Promise<void> {
    let words: string;
    try {
      words = await carryOut(redrive, signal);
    } catch (error) {
      if (signal.aborted || isProgrammerError(error) || !(error instanceof AppError)) throw error;
      return end(redrive, 'stopped', describe(error), signal);
    }
    return end(redrive, 'done', words, signal);
  }

  /** It was called off: what became of the letters that were sent by then is all there is to say. */
  async function settle(redrive: OpenRedrive, signal: AbortSignal): Promise<void> {
    const below = await abortable(signal, endOfOrders());
    await waits.until(() => books.nextOffset >= below, signal);
    await outcomeOf(redrive.id, { books, clock, waits, signal });
    await end(redrive, redrive.ended!, '', signal);
  }

  async function end(
    { id }: OpenRedrive,
    outcome: ClosedCommand['outcome'],
    why: string,
    signal: AbortSignal,
  ): Promise<void> {
    logger.info('a redrive has ended', { partition, id, outcome, why });
    const { seen, failedAgain } = books.outcome(id);
    const closed = { kind: 'closed', outcome, seen, failedAgain } as const;
    await write(id, closed, why, signal);
  }

  /** Resolves when what became of all is known, with words on those that were not sent. */
  async function carryOut(redrive: OpenRedrive, signal: AbortSignal): Promise<string> {
    const { command } = redrive;
    endAtStart ??= endOfOrders();
    const end = await abortable(signal, endAtStart);
    // What others have sent before is known by then.
    await waits.until(() => books.nextOffset >= end, signal);
    await timeToBegin(command, signal);
    await abortable(signal, deps.checkLetters());
    const sender = createSender({ ...deps, redrive, ahead, waits, signal, endOfOrders });
    const choose = deps.choose(command);
    const bounds = await abortable(signal, letters.bounds(logs.deadLetters));
    let found = 0;
    const visit = (cursor: RecordCursor): undefined | Promise<void> => {
      const letter = choose(cursor);
      if (letter === null) return undefined;
      found += 1;
      return sender.add(letter, cursor.offset, () => originalUnder(cursor));
    };
    for (const range of rangesOf(command.selection, bounds)) {
      await readRange({ reader: letters, clock, signal }, logs.deadLetters, range, visit);
    }
    const gone =
      command.selection.kind === 'offsets' ? command.selection.offsets.length - found : 0;
    return [...(await sender.finish()), ...(gone > 0 ? [`${gone} are there no more`] : [])].join(
      '; ',
    );
  }

  async function endOfOrders(): Promise<number> {
    return (await letters.bounds(logs.orders)).high;
  }

  async function timeToBegin({ notBefore }: RedriveCommand, signal: AbortSignal): Promise<void> {
    for (let left = notBefore - clock.now(); left > 0; left = notBefore - clock.now()) {
      await pass(clock, Math.min(left, LOOK_AT_CLOCK_MS), signal);
    }
  }

  sync();
  return {
    look() {
      ahead.seen(books.nextOffset);
      waits.look();
    },
    close() {
      unwatch();
      for (const { controller } of running.values()) controller.abort();
      running.clear();
    },
  };
}

/** What a redrive looks at in a ledger. */
export function redriveBooks(state: Books<unknown>): RedriveBooks {
  return {
    get nextOffset() {
      return state.nextOffset;
    },
    isRedriven: state.redriven.has,
    outcome(id) {
      const { seen, failedAgain } = state.outcomes.counts().get(id) ?? { seen: 0, failedAgain: 0 };
      let waiting = 0;
      if (seen > failedAgain) {
        for (const { command } of state.pending.values()) if (command === id) waiting += 1;
      }
      return { seen, failedAgain, waiting };
    },
  };
}

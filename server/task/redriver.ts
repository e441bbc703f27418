// Carries out the redrives of one partition: reads the letters that are selected, and sends those whose
// orders were not redriven yet. Any number of senders does no harm, for a ledger takes each order once;
// what is waited for here only keeps copies few.

import { AppError, describe, isProgrammerError } from '../errors.ts';
import { abortable, createAbort } from '../log/abortable.ts';
import type { ClosedCommand } from '../log/command.ts';
import { type CarryOutDeps, createCarryOut } from './carry-out.ts';
import type { WriteCommand } from './command-writer.ts';
import type { OpenRedrive, PartitionCommands } from './partition-commands.ts';
import { outcomeOf } from './redrive-books.ts';
import { createSentAhead } from './sent-ahead.ts';
import { createWaits } from './waits.ts';

export type Redriver = {
  /** The ledger has moved on, or a pause has begun or ended. */
  look(): void;
  /** Sends nothing more; what is on its way may still arrive. */
  close(): void;
};

export type RedriverDeps = Omit<CarryOutDeps, 'ahead' | 'waits' | 'endOfOrders'> & {
  commands: PartitionCommands;
  write: WriteCommand;
  onFailed: (error: unknown) => void;
};

type Running = { readonly ended: OpenRedrive['ended']; readonly controller: AbortController };

/** Begins with what is open already. */
export function createRedriver(deps: RedriverDeps): Redriver {
  const { logs, clock, commands, letters, logger, books, write, onFailed } = deps;
  const { partition } = logs.orders;
  const running = new Map<string, Running>();
  const waits = createWaits();
  const ahead = createSentAhead();
  const unwatch = commands.watch(sync);
  const carryOut = createCarryOut({ ...deps, ahead, waits, endOfOrders });

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

  async function endOfOrders(): Promise<number> {
    return (await letters.bounds(logs.orders)).high;
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

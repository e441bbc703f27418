// What people ask of dead letters, as the model has it, and whoever carries it out: one executor per
// task, which follows the rules of carrying out and dies, freezes or repeats itself like anything else.

import { readOrigin } from '../../server/log/dead-letter.ts';
import type { LogReader, LogWriter } from '../../server/log/ports.ts';
import { redrivenRecord, redriveOf } from '../../server/log/redrive.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import type { OrderLedgerState } from '../fixtures/orders.ts';
import type { Logs } from './logs.ts';
import type { Host, Scheduler } from './scheduler.ts';

/** One redrive. Its selection is frozen when it is given. */
export type Command = {
  readonly id: string;
  readonly selects: (letter: Placed) => boolean;
  /** The end of the dead letters when it was given. */
  readonly below: number;
  /** Takes the place of the value. */
  readonly value: Buffer | undefined;
  cancelled: boolean;
};

export type Placed = { readonly offset: number; readonly record: RecordContent };

/** A dead letter of our group, and the order that it stands for. */
export type OwnLetter = Placed & { readonly origin: number };

/** The logs that an executor works with, and whose it is. */
export type Ground = {
  readonly group: string;
  readonly orders: { readonly topic: string; readonly partition: number };
  readonly deadLetters: { readonly topic: string; readonly partition: number };
};

/** The letters of our group that are there, in their order. */
export function ownLetters(logs: Logs, { group, orders, deadLetters }: Ground): OwnLetter[] {
  return logs.recordsOf(deadLetters.topic).flatMap(({ offset, record }) => {
    const from = readOrigin(record.headers);
    const isOurs = from?.group === group && from.origin.topic === orders.topic;
    return isOurs ? [{ offset, record, origin: from.origin.offset }] : [];
  });
}

/** What a command has selected of them. */
export function selectedBy({ selects, below }: Command, letters: OwnLetter[]): OwnLetter[] {
  return letters.filter((letter) => letter.offset < below && selects(letter));
}

/** How an executor may break the rules. */
export type ExecutorFault = {
  /** It does not read the orders to their end first. */
  readonly blind?: boolean;
  /** What came after the command was given is selected too. */
  readonly movingEnd?: boolean;
};

export type Executor = {
  /** There is a command that was not there before, or a cancel. */
  wake(): void;
};

/** Begins when there is a ledger, and ends with its task. `onSend` hears of every record before it is sent. */
export function createExecutor(options: {
  host: Host;
  scheduler: Scheduler;
  logs: Logs;
  ground: Ground;
  reader: LogReader;
  writer: LogWriter;
  fault: ExecutorFault;
  commands: readonly Command[];
  ledger: OrderLedgerState;
  isOpen: () => boolean;
  onSend: (record: RecordContent, beganAt: number) => void;
  onFailed: (error: unknown) => void;
}): Executor {
  const { host, scheduler, logs, ground, reader, writer, fault, commands, ledger, isOpen } =
    options;
  const { onSend, onFailed } = options;
  /** What this process has heard of. */
  const known = new Set<Command>();
  const cancelled = new Set<Command>();
  const sent = new Set<number>();
  let beganAt = -1;
  let working = false;

  const pause = (ms: number) => new Promise<void>((resolve) => scheduler.later(host, resolve, ms));

  const isReady = () => fault.blind === true || ledger.nextOffset >= beganAt;

  async function begin(): Promise<void> {
    await pause(0);
    beganAt = (await reader.bounds(ground.orders)).high;
    for (let ms = 10; isOpen() && !isReady(); ms *= 2) await pause(ms);
    wake();
  }

  function wake(): void {
    scheduler.later(host, () => {
      for (const command of commands) {
        known.add(command);
        if (command.cancelled) cancelled.add(command);
      }
      if (working || beganAt < 0 || !isReady()) return;
      working = true;
      carryOut()
        .catch(onFailed)
        .finally(() => (working = false));
    });
  }

  function left(command: Command): OwnLetter[] {
    const seen = fault.movingEnd ? { ...command, below: Number.POSITIVE_INFINITY } : command;
    const letters = selectedBy(seen, ownLetters(logs, ground));
    const wanted = new Map<number, OwnLetter>();
    for (const letter of letters) {
      if (ledger.redriven.has(letter.origin) || sent.has(letter.origin)) continue;
      if (!wanted.has(letter.origin)) wanted.set(letter.origin, letter);
    }
    return [...wanted.values()];
  }

  async function carryOut(): Promise<void> {
    for (const command of known) {
      while (isOpen() && !cancelled.has(command)) {
        const batch = left(command).slice(0, 1 + scheduler.pick(3));
        if (batch.length === 0) break;
        await send(batch.map((letter) => recordOf(command, letter)));
        for (const { origin } of batch) sent.add(origin);
      }
    }
  }

  function recordOf({ id, value }: Command, { offset, origin, record }: OwnLetter): RecordContent {
    const count = 1 + (redriveOf(record.headers)?.count ?? 0);
    const { group } = ground;
    return redrivenRecord(
      record,
      { group, deadLetter: offset, origin, id, count, at: 1, by: 'p' },
      value,
    );
  }

  async function send(records: readonly RecordContent[]): Promise<void> {
    for (const record of records) onSend(record, beganAt);
    while (isOpen()) {
      try {
        await writer.append(ground.orders, records);
        return;
      } catch {
        await pause(scheduler.pick(200));
      }
    }
  }

  begin().catch(onFailed);
  return { wake };
}

// What people ask of dead letters and of the partition in the model, as records of the command topic.

import {
  type Command,
  type CommandBody,
  decodeCommand,
  encodeCommand,
  type Selection,
} from '../../server/log/command.ts';
import { readOrigin } from '../../server/log/dead-letter.ts';
import type { Canary } from '../../server/log/selection.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import type { Logs } from './logs.ts';

/** One redrive. Its selection is frozen when it is asked for. */
export type Redrive = {
  readonly id: string;
  readonly selection: Selection;
  /** The end of the dead letters when it was asked for. */
  readonly below: number;
  readonly hasCanary: boolean;
  cancelled: boolean;
  /** How it has ended, each time that somebody has written that. */
  readonly ends: string[];
};

/** A dead letter of our group, and the order that it stands for. */
export type OwnLetter = {
  readonly offset: number;
  readonly record: RecordContent;
  readonly origin: number;
};

/** The logs that commands are about, and whose they are. */
export type Ground = {
  readonly group: string;
  readonly orders: { readonly topic: string };
  readonly deadLetters: { readonly topic: string };
  readonly commands: { readonly topic: string };
};

export type CommandLog = {
  readonly redrives: readonly Redrive[];
  /** Whether somebody, or the breaker, has paused the partition. */
  readonly isPaused: boolean;
  redrive(
    selection: Selection,
    how: { rate: number | null; canary: Canary | null; value: Buffer | null },
  ): Redrive;
  cancel(redrive: Redrive): void;
  pause(): void;
  resume(): void;
  /** A record was written to the topic, here or by a process. */
  landed(record: RecordContent): void;
};

/** The letters of our group that are there, in their order. */
export function ownLetters(logs: Logs, { group, orders, deadLetters }: Ground): OwnLetter[] {
  return logs.recordsOf(deadLetters.topic).flatMap(({ offset, record }) => {
    const from = readOrigin(record.headers);
    const isOurs = from?.group === group && from.origin.topic === orders.topic;
    return isOurs ? [{ offset, record, origin: from.origin.offset }] : [];
  });
}

/** What a redrive has selected of them, by rules of its own. */
export function selectedBy({ selection, below }: Redrive, letters: OwnLetter[]): OwnLetter[] {
  const wanted = letters.filter(({ offset }) => offset < below);
  if (selection.kind === 'offsets')
    return wanted.filter(({ offset }) => selection.offsets.includes(offset));
  const { code } = selection.filter;
  return wanted.filter(({ record }) => code === undefined || codeOf(record) === code);
}

/** How the reason begins. */
export function codeOf({ headers }: RecordContent): string {
  const reason = headers.find(({ key }) => key.toString() === 'errorReason')?.value;
  return /^\w+/.exec(`${reason}`)![0];
}

/** Nothing is asked for yet. */
export function createCommandLog(logs: Logs, ground: Ground): CommandLog {
  const redrives: Redrive[] = [];
  const seen = new Set<string>();
  let written = 0;
  let isPaused = false;

  function write(body: CommandBody, id = `c${written}`): string {
    written += 1;
    const author = { group: ground.group, id, at: 1, by: 'p', from: '', why: '' };
    const value = encodeCommand({ ...author, ...body });
    logs.append(ground.commands.topic, [{ timestamp: 1, key: null, value, headers: [] }]);
    return id;
  }

  return {
    redrives,
    get isPaused() {
      return isPaused;
    },
    redrive(selection, { rate, canary, value }) {
      const below = logs.boundsOf(ground.deadLetters.topic).high;
      const how = { notBefore: 0, maxRedrives: 1000, selected: 0 };
      const hasCanary = canary !== null;
      const id = `c${written}`;
      const redrive = { id, selection, below, hasCanary, cancelled: false, ends: [] };
      redrives.push(redrive);
      write({ kind: 'redrive', selection, ...how, rate, canary, value }, id);
      return redrive;
    },
    cancel(redrive) {
      redrive.cancelled = true;
      write({ kind: 'cancel' }, redrive.id);
    },
    pause: () => void write({ kind: 'pause', breaker: false }),
    resume: () => void write({ kind: 'resume' }),
    landed({ value }) {
      const command = decodeCommand(value!) as Command;
      const { kind, id } = command;
      if (kind === 'closed') redrives.find((each) => each.id === id)?.ends.push(command.outcome);
      if (seen.has(`${kind} ${id}`)) return;
      seen.add(`${kind} ${id}`);
      if (kind === 'pause' || kind === 'resume') isPaused = kind === 'pause';
    },
  };
}

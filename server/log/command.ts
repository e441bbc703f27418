// What people, and the breaker, ask of a partition: one record of the command topic each. Partition p of
// it is about partition p of orders and of the dead letters.
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { AppError, describe } from '../errors.ts';
import { longEnd, MAX_LONG_BYTES, readLong, writeLong } from './avro-values.ts';
import { commandFault } from './command-fault.ts';
import type { Canary, LetterFilter } from './selection.ts';

/** Frozen when the command is written; `below`: the end of the dead letters at that moment. */
export type Selection =
  | { readonly kind: 'offsets'; readonly offsets: readonly number[] }
  | { readonly kind: 'filter'; readonly filter: LetterFilter; readonly below: number };

/** One partition's share of a redrive: `rate` and `canary.count` are of this partition. */
export type RedriveCommand = {
  readonly kind: 'redrive';
  readonly selection: Selection;
  /** How many letters it selected, for those who do not read them. */
  readonly selected: number;
  /** Records a second; null: no limit. */
  readonly rate: number | null;
  /** Ms since 1970. */
  readonly notBefore: number;
  readonly canary: Canary | null;
  readonly maxRedrives: number;
  readonly value: Buffer | null;
};

export type CancelCommand = { readonly kind: 'cancel' };
export type PauseCommand = { readonly kind: 'pause'; readonly breaker: boolean };
export type ResumeCommand = { readonly kind: 'resume' };
/** How a redrive ended in this partition: for the history, safety does not lean on it. */
export type ClosedCommand = {
  readonly kind: 'closed';
  readonly outcome: 'done' | 'stopped' | 'cancelled';
  /** Orders again in this partition, by this command, and how many of them failed again. */
  readonly seen: number;
  readonly failedAgain: number;
};

/** `id`: of the command itself; of the redrive for `cancel` and `closed`. `at` in ms since 1970. */
export type CommandAuthor = {
  readonly group: string;
  readonly id: string;
  readonly at: number;
  readonly by: string;
  readonly from: string;
  readonly why: string;
};

export type Command<Body = CommandBody> = CommandAuthor & Body;
export type CommandBody =
  | RedriveCommand
  | CancelCommand
  | PauseCommand
  | ResumeCommand
  | ClosedCommand;

export const COMMAND_VERSION = 1;

const type = avro.Type.forSchema(
  JSON.parse(readFileSync(new URL(import.meta.resolve('#avro/command.avsc')), 'utf8')),
  { wrapUnions: true },
);

/** Avro binary of a command. @throws {AppError} BAD_COMMAND, when a value is out of its bounds */
export function encodeCommand(command: Command): Buffer {
  const fault = commandFault(command);
  if (fault !== null) throw new AppError('BAD_COMMAND', fault, false);
  return type.toBuffer({ ...command, version: COMMAND_VERSION, body: bodyOf(command) });
}

/** The command in a record, or in words why it holds none that can be followed. */
export function decodeCommand(bytes: Buffer): Command | string {
  const version = bytes.length > 0 ? bytes[0]! >> 1 : 0;
  if (version > COMMAND_VERSION) {
    return `it is of version ${version}, this service reads up to ${COMMAND_VERSION}`;
  }
  try {
    const { version: _, body, ...author } = type.fromBuffer(bytes) as Written;
    const command: Command = { ...author, ...bodyFrom(body) };
    return commandFault(command) ?? command;
  } catch (error) {
    return `${bytes.length} bytes cannot be decoded: ${describe(error)}`;
  }
}

/** As avsc gives and takes it: of each union an object with the name of its type. */
type Written = CommandAuthor & { version: number; body: WrittenBody };
type WrittenBody = { [name: string]: unknown };
type Wrapped<Name extends string, Value> = { [name in Name]: Value } | null;

type WrittenRedrive = {
  selection: {
    'com.example.Offsets'?: { steps: Buffer };
    'com.example.Filter'?: {
      below: number;
      code: Wrapped<'string', string>;
      group: Wrapped<'string', string>;
      from: Wrapped<'long', number>;
      to: Wrapped<'long', number>;
      q: Wrapped<'string', string>;
    };
  };
  selected: number;
  rate: Wrapped<'double', number>;
  notBefore: number;
  canary: Wrapped<'com.example.Canary', Canary>;
  maxRedrives: number;
  value: Wrapped<'bytes', Buffer>;
};

function bodyOf(command: CommandBody): WrittenBody {
  switch (command.kind) {
    case 'redrive':
      return { 'com.example.Redrive': writtenRedrive(command) };
    case 'cancel':
      return { 'com.example.Cancel': {} };
    case 'pause':
      return { 'com.example.Pause': { breaker: command.breaker } };
    case 'resume':
      return { 'com.example.Resume': {} };
    case 'closed':
      return { 'com.example.Closed': command };
  }
}

function bodyFrom(body: WrittenBody): CommandBody {
  const [name] = Object.keys(body);
  const value = body[name!];
  switch (name) {
    case 'com.example.Redrive':
      return readRedrive(value as WrittenRedrive);
    case 'com.example.Pause':
      return { kind: 'pause', breaker: (value as PauseCommand).breaker };
    case 'com.example.Closed':
      return { ...(value as ClosedCommand), kind: 'closed' };
    default:
      return { kind: name === 'com.example.Cancel' ? 'cancel' : 'resume' };
  }
}

function writtenRedrive({ kind: _, selection, rate, canary, value, ...rest }: RedriveCommand) {
  const written: WrittenRedrive = {
    ...rest,
    rate: rate === null ? null : { double: rate },
    canary: canary === null ? null : { 'com.example.Canary': canary },
    value: value === null ? null : { bytes: value },
    selection: {},
  };
  if (selection.kind === 'offsets') {
    written.selection['com.example.Offsets'] = { steps: stepsOf(selection.offsets) };
  } else {
    const { below, filter } = selection;
    const { code, group, from, to, q } = filter;
    const text = (value?: string) => (value === undefined ? null : { string: value });
    const time = (value?: number) => (value === undefined ? null : { long: value });
    written.selection['com.example.Filter'] = {
      below,
      ...{ code: text(code), group: text(group), from: time(from), to: time(to), q: text(q) },
    };
  }
  return written;
}

function readRedrive({ selection, rate, canary, value, ...rest }: WrittenRedrive): RedriveCommand {
  return {
    kind: 'redrive',
    ...rest,
    rate: rate?.double ?? null,
    canary: canary === null ? null : { ...canary['com.example.Canary'] },
    value: value?.bytes ?? null,
    selection: readSelection(selection),
  };
}

function readSelection(written: WrittenRedrive['selection']): Selection {
  const offsets = written['com.example.Offsets'];
  if (offsets !== undefined) return { kind: 'offsets', offsets: readSteps(offsets.steps) };
  const { below, code, group, from, to, q } = written['com.example.Filter']!;
  return {
    kind: 'filter',
    below,
    filter: {
      ...(code === null ? {} : { code: code.string }),
      ...(group === null ? {} : { group: group.string }),
      ...(from === null ? {} : { from: from.long }),
      ...(to === null ? {} : { to: to.long }),
      ...(q === null ? {} : { q: q.string }),
    },
  };
}

function stepsOf(offsets: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(offsets.length * MAX_LONG_BYTES);
  let at = 0;
  let last = -1;
  for (const offset of offsets) {
    at = writeLong(bytes, at, offset - last - 1);
    last = offset;
  }
  return bytes.subarray(0, at);
}

function readSteps(steps: Buffer): number[] {
  const offsets: number[] = [];
  let last = -1;
  for (let at = 0; at < steps.length; at = longEnd) {
    last += readLong(steps, at) + 1;
    offsets.push(last);
  }
  return offsets;
}

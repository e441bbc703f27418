// Dead letters: what is written beside the original bytes, and how it is read back.

import { clip, isoTime } from './clip.ts';
import type { Disposition, Fault, Reason, Stage } from './fault.ts';
import { TRACE_HEADER, traceIdOf } from './tracing.ts';

/** Header names and values are bytes: Kafka checks neither. */
type Header = { readonly key: Buffer; readonly value: Buffer | null };

/** Where the original record stands. */
export type Origin = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
};

/** Why a record was given up; times in ms since 1970. */
export type DeadLetterCause = {
  readonly reason: Reason;
  /** Starts with the code. */
  readonly text: string;
  readonly exceptionClass: string;
  readonly exceptionMessage: string;
  /** Handler calls made; 0 when it never came to one. */
  readonly attempts: number;
  readonly firstFailedAt: number;
  readonly lastFailedAt: number;
};

/** A header of ours: its name without the prefix, and its value. */
export type Note = readonly [name: string, value: string | number];

/** Who gave it up. */
export type Author = { readonly group: string; readonly app: string; readonly instance: string };

/**
 * A dead letter as it stands in the topic; what its headers do not tell is null. Its texts are bounded
 * and its own, whatever the record holds.
 */
export type DeadLetter = {
  /** Its place in the dead-letter topic. */
  readonly partition: number;
  readonly offset: number;
  /** When it was written, ms since 1970, as the record says, which may be any number of 64 bits. */
  readonly timestamp: number;
  readonly orderId: string | null;
  readonly reason: string;
  /** Null also when it is longer than MAX_NAME_BYTES. */
  readonly group: string | null;
  readonly origin: Origin | null;
  readonly code: string | null;
  readonly stage: Stage | null;
  readonly disposition: Disposition | null;
  readonly attempts: number | null;
  /** The trace that it names, 32 hexadecimal digits; absent when it names none. */
  readonly traceId?: string;
};

const REASON = 'errorReason';
const PREFIX = 'orders.errors.';

/** Bytes of a text in a header of ours, and of one that is shown; what is longer is cut. */
export const MAX_TEXT_BYTES = 1024;
/** Bytes of a name: Kafka allows 249 for a topic, and nobody needs more for a group or a class. */
export const MAX_NAME_BYTES = 256;
/** Bytes of an id that is shown. */
const MAX_ID_BYTES = 128;

/** The headers that `readOrigin` looks at. */
export const ORIGIN_HEADERS: readonly Buffer[] = ['group', 'topic', 'partition', 'offset'].map(
  (name) => Buffer.from(`${PREFIX}${name}`),
);

/** The headers that `readDeadLetter` looks at. */
export const SHOWN_HEADERS: readonly Buffer[] = [
  ...ORIGIN_HEADERS,
  ...[REASON, ...['stage', 'disposition', 'attempts'].map((name) => `${PREFIX}${name}`)].map(
    (name) => Buffer.from(name),
  ),
  TRACE_HEADER,
];

/** The cause of a dead letter for bytes that are not an order. */
export function causeOfFault(fault: Fault, now: number): DeadLetterCause {
  return {
    reason: fault.reason,
    text: fault.text,
    exceptionClass: 'OrderFault',
    exceptionMessage: fault.text,
    attempts: 0,
    firstFailedAt: now,
    lastFailedAt: now,
  };
}

/**
 * Headers of a dead letter: the original ones, repeated names included, without those an earlier
 * failure left, then ours. Texts are cut to `MAX_TEXT_BYTES`, names of errors to less. `notes` are
 * further headers of ours, without their prefix.
 */
export function deadLetterHeaders(
  origin: Origin & { readonly timestamp: number },
  cause: DeadLetterCause,
  author: Author,
  original: readonly Header[],
  notes: readonly Note[] = [],
): Header[] {
  const own: Note[] = [
    ['topic', origin.topic],
    ['partition', origin.partition],
    ['offset', origin.offset],
    ['timestamp', origin.timestamp],
    ['group', author.group],
    ['stage', cause.reason.stage],
    ['disposition', cause.reason.disposition],
    ['attempts', cause.attempts],
    ['exception.class', clip(cause.exceptionClass, MAX_NAME_BYTES)],
    ['exception.message', clip(cause.exceptionMessage, MAX_TEXT_BYTES)],
    ['first-failed-at', isoTime(cause.firstFailedAt)],
    ['last-failed-at', isoTime(cause.lastFailedAt)],
    ['app', author.app],
    ['instance', author.instance],
    ...notes,
  ];
  return [
    ...original.filter(isForeign),
    { key: REASON_KEY, value: Buffer.from(clip(cause.text, MAX_TEXT_BYTES)) },
    ...own.map(([name, value]) => ({ key: keyOf(name), value: Buffer.from(String(value)) })),
  ];
}

const REASON_KEY = Buffer.from(REASON);
const keys = new Map<string, Buffer>();

/** The bytes of the name of a header of ours, kept for the next dead letter. */
function keyOf(name: string): Buffer {
  let key = keys.get(name);
  if (key === undefined) {
    key = Buffer.from(`${PREFIX}${name}`);
    keys.set(name, key);
  }
  return key;
}

/** Whether a header is not ours: such headers are copied to the dead letter. */
export function isForeign({ key }: Header): boolean {
  const name = key.toString('latin1', 0, MAX_NAME_BYTES);
  return name !== REASON && !name.startsWith(PREFIX);
}

/** The original place and the group that gave it up, or null when the headers do not tell. */
export function readOrigin(headers: readonly Header[]): { group: string; origin: Origin } | null {
  const own = ownHeaders(headers);
  const group = own.get(`${PREFIX}group`);
  const topic = own.get(`${PREFIX}topic`);
  const partition = naturalNumber(own.get(`${PREFIX}partition`));
  const offset = naturalNumber(own.get(`${PREFIX}offset`));
  if (group === undefined || topic === undefined || partition === null || offset === null) {
    return null;
  }
  return { group, origin: { topic, partition, offset } };
}

/** What a record of the dead-letter topic says; only `SHOWN_HEADERS` of its headers matter. */
export function readDeadLetter(
  partition: number,
  idOf: (value: Buffer) => string | null,
  record: {
    readonly offset: number;
    readonly timestamp: number;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: readonly Header[];
  },
): DeadLetter {
  const own = ownHeaders(record.headers);
  const from = readOrigin(record.headers);
  const traceId = traceIdOf(record.headers);
  return {
    partition,
    offset: record.offset,
    timestamp: record.timestamp,
    orderId: idOfRecord(record.key, record.value, idOf),
    reason: own.get(REASON) ?? 'no reason given',
    group: from !== null && isName(from.group) ? from.group : null,
    origin: from !== null && isName(from.origin.topic) ? from.origin : null,
    code: from === null ? null : codeOf(own.get(REASON) ?? ''),
    stage: oneOf(STAGES, own.get(`${PREFIX}stage`)),
    disposition: oneOf(DISPOSITIONS, own.get(`${PREFIX}disposition`)),
    attempts: naturalNumber(own.get(`${PREFIX}attempts`)),
    ...(traceId === null ? {} : { traceId }),
  };
}

/** Our headers as texts, of a repeated name the last that is not null; the reason is cut. */
function ownHeaders(headers: readonly Header[]): Map<string, string> {
  const own = new Map<string, string>();
  for (const header of headers) {
    if (header.value === null || isForeign(header)) continue;
    const name = header.key.toString('latin1');
    const text = name === REASON ? clip(header.value, MAX_TEXT_BYTES) : header.value.toString();
    own.set(name, text);
  }
  return own;
}

function isName(text: string): boolean {
  return text.length <= MAX_NAME_BYTES;
}

function naturalNumber(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

const DISPOSITIONS = ['undecodable', 'invalid', 'permanent', 'retries_exhausted'] as const;

const STAGES = ['decode', 'validate', 'process'] as const;

function oneOf<T extends string>(words: readonly T[], text: string | undefined): T | null {
  return words.find((word) => word === text) ?? null;
}

/** The code that a reason starts with, which is part of the format of dead letters. */
export function codeOf(reason: string): string | null {
  return /^([A-Z][A-Z_]{0,63}): /.exec(reason)?.[1] ?? null;
}

/** The id in the value, or the key, by which producers repeat it, when the value cannot be read. */
function idOfRecord(
  key: Buffer | null,
  value: Buffer | null,
  idOf: (value: Buffer) => string | null,
): string | null {
  const id = value === null ? null : idOf(value);
  if (id !== null) return clip(id, MAX_ID_BYTES);
  if (key === null || key.length > MAX_ID_BYTES) return null;
  const text = key.toString('latin1');
  return /^[\x20-\x7e]+$/.test(text) ? text : null;
}

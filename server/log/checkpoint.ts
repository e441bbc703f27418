// The checkpoint: what is true of one partition of orders, as one Avro value.
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { InconsistentStateError } from '../errors.ts';
import {
  type AvroReader,
  createAvroReader,
  MAX_LONG_BYTES,
  skipIntegers,
  writeLong,
} from './avro-values.ts';
import { type CommandOutcome, encodeCommands, readCommands } from './checkpoint-commands.ts';
import { faultOf } from './checkpoint-fault.ts';
import {
  encodePending,
  encodeRanges,
  type PendingOrder,
  readPending,
  readRanges,
} from './checkpoint-pending.ts';
import type { CountedRange } from './offset-ranges.ts';

export type { CommandOutcome } from './checkpoint-commands.ts';
export type { GivenUp, PendingOrder } from './checkpoint-pending.ts';
export { countOf as lostCount } from './offset-ranges.ts';

export const CHECKPOINT_VERSION = 3;

/** What the checkpoint topic takes, less what a batch of one record takes around it. */
export const MAX_CHECKPOINT_BYTES = 8 * 2 ** 20 - 1024;

/** What a fold may make of a partition, encoded; the rest is for what waits. */
export const MAX_FOLDED_BYTES = 6 * 2 ** 20;

/** What error texts may take of a checkpoint; the words for those left out come on top. */
export const MAX_TEXT_BYTES = 256 * 1024;
const CODE_BYTES = 512;
/** What an order that waits takes, and its text with all others. */
const MAX_PENDING_BYTES = 24;

/** The first fields of a checkpoint, readable in every version without decoding the rest. */
export type CheckpointStamp = {
  readonly version: number;
  readonly group: string;
  readonly nextOffset: number;
  readonly deadLetterOffset: number;
  readonly generation: number;
  readonly ownerStartedAt: number;
  readonly owner: string;
  readonly pendingCount: number;
  /** Offset of the checkpoint that it leans on; -1 when it stands by itself. */
  readonly base: number;
};

/** A checkpoint was read; `isHead` when it is the greatest so far. */
export type OnCheckpoint = (
  partition: number,
  offset: number,
  stamp: CheckpointStamp,
  isHead: boolean,
) => void;

/** One record of a log, by which the log can be known again. */
export type Fingerprint = { readonly offset: number; readonly hash: string };

/** See avro/checkpoint.avsc for the meaning of each member. */
export type Checkpoint = Omit<CheckpointStamp, 'version' | 'pendingCount'> & {
  readonly topic: string;
  readonly partition: number;
  readonly writtenAt: number;
  readonly start: number;
  readonly highWatermark: number;
  readonly deadLettered: number;
  readonly gaps: number;
  readonly corrections: number;
  readonly retries: number;
  readonly restarts: number;
  readonly redrivesFrom: number;
  readonly foreign: number;
  readonly copies: number;
  readonly redrivenCount: number;
  readonly topicId: string | null;
  readonly fingerprint: Fingerprint | null;
  readonly deadLetterTopicId: string | null;
  readonly deadLetterFingerprint: Fingerprint | null;
  readonly lost: readonly CountedRange[];
  readonly gapRanges: readonly CountedRange[];
  readonly copyRanges: readonly CountedRange[];
  readonly commands: readonly CommandOutcome[];
  /** Packed; without what is in that of the base. */
  readonly redriven: Buffer;
  /** Packed; empty when it does not say. */
  readonly deadLetters: Buffer;
  readonly pending: readonly PendingOrder[];
  /** What the fold has made of all that is counted, as it encodes it: the last field. */
  readonly folded: Buffer;
};

/** A checkpoint without what waits, what is counted and what was passed over. */
export type CheckpointSummary = Omit<
  Checkpoint,
  'pending' | 'folded' | 'gapRanges' | 'copyRanges' | 'deadLetters'
> & {
  readonly pendingCount: number;
};

const RANGE_FIELDS = 3;
const PENDING_FIELDS = 5;

/** Everything before the arrays; members that a version does not have are absent. */
type Arrays = 'lost' | 'gapRanges' | 'copyRanges' | 'commands' | 'redriven' | 'deadLetters';
type Scalars = Omit<Checkpoint, Arrays | 'pending' | 'folded'> & CheckpointStamp;
type Field = { name: string; since?: number };

const schema = JSON.parse(
  readFileSync(new URL(import.meta.resolve('#avro/checkpoint.avsc')), 'utf8'),
) as { fields: Field[] };
const VERSIONS = [1, 2, 3];
const stampTypes = VERSIONS.map((version) =>
  typeUpTo('topic', version, `CheckpointStamp${version}`),
);
const scalarTypes = VERSIONS.map((version) => typeUpTo('lost', version, `CheckpointV${version}`));

/** Avro puts fields one after the other, so the first of them are a record of their own. */
function typeUpTo(end: string, version: number, name: string): avro.Type {
  const first = schema.fields.slice(
    0,
    schema.fields.findIndex((field) => field.name === end),
  );
  const fields = first.filter(({ since = 1 }) => since <= version);
  return avro.Type.forSchema({ ...schema, name, fields } as avro.Schema);
}

/**
 * Avro binary of a checkpoint, which fits into a record as long as what is folded takes at most MAX_FOLDED_BYTES and at
 * most 100,000 orders wait. Throws InconsistentStateError, and gives nothing, when it is not sound.
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Buffer {
  const fault = faultOf(checkpoint);
  if (fault !== null) throw new InconsistentStateError(`no checkpoint is written: ${fault}`);
  const { pending, folded, lost, gapRanges, copyRanges, commands, ...more } = checkpoint;
  const { redriven, deadLetters, ...rest } = more;
  const version = CHECKPOINT_VERSION;
  const scalars: Scalars = { ...rest, version, pendingCount: pending.length };
  try {
    const head = [
      scalarTypes[version - 1]!.toBuffer(scalars),
      encodeRanges(lost),
      encodeRanges(gapRanges),
      encodeRanges(copyRanges),
      encodeCommands(commands, rest.nextOffset),
      ...withLength(redriven),
    ];
    const sizeOf = (parts: Buffer[]) => parts.reduce((sum, { length }) => sum + length, 0);
    // Without it a restore reads more, and comes to the same.
    const spare =
      MAX_CHECKPOINT_BYTES - sizeOf(head) - folded.length - pending.length * MAX_PENDING_BYTES;
    head.push(...withLength(deadLetters.length > spare ? NOTHING : deadLetters));
    const taken = sizeOf(head) + folded.length + CODE_BYTES;
    const waiting = encodePending(pending, checkpoint, (pendingBytes) =>
      Math.min(MAX_TEXT_BYTES, MAX_CHECKPOINT_BYTES - taken - pendingBytes),
    );
    return Buffer.concat([...head, ...waiting, folded]);
  } catch (cause) {
    throw new InconsistentStateError('no checkpoint is written: it cannot be encoded', { cause });
  }
}

const NOTHING = Buffer.alloc(0);

function withLength(bytes: Buffer): Buffer[] {
  const length = Buffer.allocUnsafe(MAX_LONG_BYTES);
  return [length.subarray(0, writeLong(length, 0, bytes.length)), bytes];
}

/** Decodes the first fields. Throws InconsistentStateError when there are none, or of a newer version. */
export function decodeStamp(bytes: Buffer): CheckpointStamp {
  const version = bytes.length > 0 ? bytes[0]! >> 1 : 0;
  if (version > CHECKPOINT_VERSION) {
    throw new InconsistentStateError(
      `checkpoint of version ${version}: this service reads up to ${CHECKPOINT_VERSION}, start the newer one`,
    );
  }
  if (version < 1) throw undecodable(bytes);
  type Written = Omit<CheckpointStamp, 'base'> & Partial<CheckpointStamp>;
  return { base: -1, ...firstFields<Written>(stampTypes[version - 1]!, bytes).value };
}

/** Decodes a whole checkpoint. Throws InconsistentStateError when it is none, or of a newer version. */
export function decodeCheckpoint(bytes: Buffer): Checkpoint {
  const { scalars, at } = decodeScalars(bytes);
  const checkpoint = readable(bytes, () => {
    const { version, pendingCount, ...rest } = scalars;
    const reader = createAvroReader(bytes, at);
    const lost = readRanges(reader, version > 1);
    const gapRanges = version > 1 ? readRanges(reader, true) : gapsSomewhere(rest);
    const copyRanges = version > 2 ? readRanges(reader, true) : [];
    const redrives = readRedrives(reader, scalars);
    const deadLetters = version > 2 ? reader.bytes() : NOTHING;
    const pending = readPending(reader, scalars);
    const folded = bytes.subarray(reader.at);
    return { ...rest, lost, gapRanges, copyRanges, ...redrives, deadLetters, pending, folded };
  });
  const offsets = new Set(checkpoint.pending.map(({ offset }) => offset));
  const fault =
    offsets.size < checkpoint.pending.length ? 'an order is pending twice' : faultOf(checkpoint);
  if (fault !== null) throw undecodable(bytes, new RangeError(fault));
  return checkpoint;
}

function readRedrives(reader: AvroReader, { version, nextOffset }: Scalars) {
  return version > 2
    ? { commands: readCommands(reader, nextOffset), redriven: reader.bytes() }
    : { commands: [], redriven: NOTHING };
}

/** Version 1 knew only how many gaps there are. */
function gapsSomewhere(head: { start: number; nextOffset: number; gaps: number }): CountedRange[] {
  const { start, nextOffset, gaps } = head;
  return gaps === 0 ? [] : [{ from: start, to: nextOffset, count: gaps }];
}

/**
 * The summary of a checkpoint, and what the fold encoded, as it stands there. Throws
 * InconsistentStateError as decodeCheckpoint does.
 */
export function decodeSummary(bytes: Buffer): { summary: CheckpointSummary; folded: Buffer } {
  const { scalars, at } = decodeScalars(bytes);
  return readable(bytes, () => {
    const { version, ...rest } = scalars;
    const reader = createAvroReader(bytes, at);
    const lost = readRanges(reader, version > 1);
    if (version > 1) reader.items(() => skipLongs(reader, RANGE_FIELDS));
    if (version > 2) reader.items(() => skipLongs(reader, RANGE_FIELDS));
    const redrives = readRedrives(reader, scalars);
    if (version > 2) reader.bytes();
    reader.items(reader.text);
    const foldedAt = skipIntegers(bytes, reader.at, PENDING_FIELDS);
    return { summary: { ...rest, lost, ...redrives }, folded: bytes.subarray(foldedAt) };
  });
}

function skipLongs(reader: { long(): number }, count: number): void {
  for (let left = count; left > 0; left -= 1) reader.long();
}

function decodeScalars(bytes: Buffer): { scalars: Scalars; at: number } {
  const { version } = decodeStamp(bytes);
  const { value, offset } = firstFields<Scalars>(scalarTypes[version - 1]!, bytes);
  if (Number.isNaN(new Date(value.writtenAt).getTime())) throw undecodable(bytes);
  const unknown = {
    topicId: null,
    fingerprint: null,
    deadLetterTopicId: null,
    deadLetterFingerprint: null,
    // What was redriven before was an order like any other.
    redrivesFrom: value.nextOffset,
    foreign: 0,
    copies: 0,
    redrivenCount: 0,
    base: -1,
  };
  return { scalars: { ...unknown, ...value }, at: offset };
}

function firstFields<T>(type: avro.Type, bytes: Buffer): { value: T; offset: number } {
  const found = readable(bytes, () => type.decode(bytes, 0) as { value: T; offset: number });
  if (found.offset < 0) throw undecodable(bytes);
  return { value: Object.assign({}, found.value), offset: found.offset };
}

function readable<T>(bytes: Buffer, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw undecodable(bytes, cause);
  }
}

function undecodable(bytes: Buffer, cause?: unknown): InconsistentStateError {
  const message = `a checkpoint of ${bytes.length} bytes cannot be decoded`;
  return new InconsistentStateError(message, { cause });
}

/** A stamp, and where its checkpoint stands. */
export type PlacedStamp = CheckpointStamp & { readonly offset: number };

/** The first record that is needed to go on from a checkpoint: the one it leans on, or itself. */
export function neededFrom({ base, offset }: PlacedStamp): number {
  return base < 0 ? offset : base;
}

/**
 * Whether `next`, read after `head`, takes its place: it is behind in neither log, and leans on nothing
 * that may be gone, for whoever wrote the head deletes what is not needed. One of an older version knows
 * less. Of two that stand at the same place the one with fewer orders pending knows more.
 */
export function succeeds(next: CheckpointStamp, head: PlacedStamp): boolean {
  if (next.nextOffset < head.nextOffset || next.deadLetterOffset < head.deadLetterOffset)
    return false;
  if (next.version < head.version) return false;
  if (next.base >= 0 && next.base < neededFrom(head)) return false;
  const same =
    next.nextOffset === head.nextOffset && next.deadLetterOffset === head.deadLetterOffset;
  return !same || next.pendingCount <= head.pendingCount;
}

// The checkpoint: what is true of one partition of orders, as one Avro value.
import type avro from 'avsc';
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
  decodePending,
  encodePending,
  encodeRanges,
  type PendingOrder,
  readRanges,
} from './checkpoint-pending.ts';
import { CHECKPOINT_VERSION, typeBefore, VERSIONS } from './checkpoint-schema.ts';
import { type CheckpointStamp, decodeStamp, undecodable } from './checkpoint-stamp.ts';
import type { CountedRange } from './offset-ranges.ts';

export type { CommandOutcome } from './checkpoint-commands.ts';
export type { GivenUp, PendingOrder } from './checkpoint-pending.ts';

/** What the checkpoint topic takes, less what a batch of one record takes around it. */
export const MAX_CHECKPOINT_BYTES = 8 * 2 ** 20 - 1024;

/** The most that an encoded fold may take of a checkpoint, so that the orders that wait have room beside it. */
export const MAX_FOLDED_BYTES = 6 * 2 ** 20;

/** The most that error texts may take of a checkpoint. */
export const MAX_ERRORS_BYTES = 256 * 1024;
const CODE_BYTES = 512;
/** What an order that waits takes, and its text with all others. */
const MAX_PENDING_BYTES = 24;

/** One record of a log: as long as it stands there, the log is the same and was not recreated. */
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

/** The small parts of a checkpoint: who wrote it, positions and counters, but neither what waits nor what is folded. */
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
const scalarTypes = VERSIONS.map((version) => typeBefore('lost', version, `CheckpointV${version}`));

/**
 * Avro binary of a checkpoint. It fits into a record as long as what is folded takes at most
 * MAX_FOLDED_BYTES and at most 100,000 orders wait. Throws InconsistentStateError, and gives nothing, when it is not sound.
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
      Math.min(MAX_ERRORS_BYTES, MAX_CHECKPOINT_BYTES - taken - pendingBytes),
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
    const pending = decodePending(reader, scalars);
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

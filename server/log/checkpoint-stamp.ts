// The first fields of a checkpoint: whose it is, where it stands, and whether it can be read.
import { InconsistentStateError } from '../errors.ts';
import { CHECKPOINT_VERSION, typeBefore, VERSIONS } from './checkpoint-schema.ts';

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

/** A stamp, and where its checkpoint stands. */
export type PlacedStamp = CheckpointStamp & { readonly offset: number };

/** A checkpoint was read; `isHead` when it is the greatest so far. */
export type OnCheckpoint = (
  partition: number,
  offset: number,
  stamp: CheckpointStamp,
  isHead: boolean,
) => void;

const stampTypes = VERSIONS.map((version) =>
  typeBefore('topic', version, `CheckpointStamp${version}`),
);

/**
 * The stamp of a checkpoint, of whatever version; null when there is none that a program of ours could
 * have written.
 */
export function readStamp(bytes: Buffer): CheckpointStamp | null {
  try {
    // The first field, one byte as long as there are fewer than 64 versions. What newer ones add stands behind.
    const version = Math.min(CHECKPOINT_VERSION, bytes.length > 0 ? bytes[0]! >> 1 : 0);
    const type = stampTypes[version - 1];
    const { value, offset } = type?.decode(bytes, 0) ?? { value: null, offset: -1 };
    if (offset < 0) return null;
    const stamp: CheckpointStamp = { base: -1, ...value };
    return isSound(stamp) ? stamp : null;
  } catch {
    // Whatever the decoder says of bytes that are not Avro.
    return null;
  }
}

function isSound(stamp: CheckpointStamp): boolean {
  const { version, group, nextOffset, deadLetterOffset, generation, pendingCount, base } = stamp;
  const counts = [nextOffset, deadLetterOffset, generation + 1, pendingCount, base + 1];
  return (
    version >= 1 &&
    group.length > 0 &&
    counts.every((count) => Number.isSafeInteger(count) && count >= 0)
  );
}

/** Decodes the first fields. Throws InconsistentStateError when there are none, or of a newer version. */
export function decodeStamp(bytes: Buffer): CheckpointStamp {
  const stamp = readStamp(bytes);
  if (stamp === null) throw undecodable(bytes);
  expectKnownVersion(stamp);
  return stamp;
}

/** Throws InconsistentStateError when only a newer program can read the checkpoint. */
export function expectKnownVersion({ version }: { readonly version: number }): void {
  if (version <= CHECKPOINT_VERSION) return;
  throw new InconsistentStateError(
    `checkpoint of version ${version}: this service reads up to ${CHECKPOINT_VERSION}, start the newer one`,
  );
}

/** What is wrong with bytes that should be a checkpoint and are none. */
export function undecodable(bytes: Buffer, cause?: unknown): InconsistentStateError {
  const message = `a checkpoint of ${bytes.length} bytes cannot be decoded`;
  return new InconsistentStateError(message, { cause });
}

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

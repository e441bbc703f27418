// The first fields of a checkpoint: whose it is, where it stands, and whether it can be read.
import { InconsistentStateError } from '../errors.ts';
import { CHECKPOINT_VERSION, typeBefore } from './checkpoint-schema.ts';

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
};

/** A checkpoint was read; `isHead` when it is the greatest so far. */
export type OnCheckpoint = (
  partition: number,
  offset: number,
  stamp: CheckpointStamp,
  isHead: boolean,
) => void;

const stampType = typeBefore('topic', 1, 'CheckpointStamp');

/**
 * The stamp of a checkpoint, of whatever version; null when there is none that a program of ours could
 * have written.
 */
export function readStamp(bytes: Buffer): CheckpointStamp | null {
  try {
    const { value, offset } = stampType.decode(bytes, 0);
    if (offset < 0) return null;
    const stamp: CheckpointStamp = Object.assign({}, value);
    return isSound(stamp) ? stamp : null;
  } catch {
    // Whatever the decoder says of bytes that are not Avro.
    return null;
  }
}

function isSound(stamp: CheckpointStamp): boolean {
  const { version, group, nextOffset, deadLetterOffset, generation, pendingCount } = stamp;
  const counts = [nextOffset, deadLetterOffset, generation + 1, pendingCount];
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

/**
 * Whether `next`, read after `head`, takes its place: it is behind in neither log. Of two that stand
 * at the same place the one with fewer orders pending knows more.
 */
export function succeeds(next: CheckpointStamp, head: CheckpointStamp): boolean {
  if (next.nextOffset < head.nextOffset || next.deadLetterOffset < head.deadLetterOffset)
    return false;
  const same =
    next.nextOffset === head.nextOffset && next.deadLetterOffset === head.deadLetterOffset;
  return !same || next.pendingCount <= head.pendingCount;
}

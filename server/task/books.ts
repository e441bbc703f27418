// What a ledger knows, as a checkpoint says it.
import { InconsistentStateError } from '../errors.ts';
import type { Checkpoint } from '../log/checkpoint.ts';
import type { TaskLogs } from '../log/head.ts';
import { countOf } from '../log/offset-ranges.ts';
import type { Identities } from './identities.ts';
import type { Books } from './ledger.ts';

/** What the writer of a checkpoint adds of its own. */
export type Writer = Pick<
  Checkpoint,
  'generation' | 'owner' | 'ownerStartedAt' | 'writtenAt' | 'highWatermark'
>;

/** The checkpoint of a ledger as it is now; `monotonic` is the time on the clock of its due times. */
export function checkpointOf<State>(
  { folded, pending, ...books }: Books<State>,
  encode: (folded: State) => Buffer,
  { group, orders: { topic, partition } }: TaskLogs,
  { orders, deadLetters }: Identities,
  monotonic: number,
  writer: Writer,
): Checkpoint {
  return {
    ...books,
    ...writer,
    gaps: countOf(books.gapRanges),
    topicId: orders.id,
    fingerprint: orders.fingerprint,
    deadLetterTopicId: deadLetters.id,
    deadLetterFingerprint: deadLetters.fingerprint,
    group,
    topic,
    partition,
    pending: [...pending].map(([offset, { attempts, firstFailedAt, dueAt, givenUp, error }]) => ({
      offset,
      attempts,
      firstFailedAt,
      dueIn: dueAt - monotonic,
      givenUp,
      error,
    })),
    folded: encoded(encode, folded),
  };
}

function encoded<State>(encode: (folded: State) => Buffer, folded: State): Buffer {
  try {
    return encode(folded);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const words = `no checkpoint is written: ${cause.message}`;
    throw new InconsistentStateError(words, { cause });
  }
}

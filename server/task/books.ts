// What a ledger knows, as a checkpoint says it.
import { InconsistentStateError } from '../errors.ts';
import type { Checkpoint, CommandOutcome } from '../log/checkpoint.ts';
import type { TaskLogs } from '../log/head.ts';
import { countOf } from '../log/offset-ranges.ts';
import type { Identities } from './identities.ts';
import type { Books } from './ledger-state.ts';

/** What the writer of a checkpoint adds of its own. */
export type Writer = Pick<
  Checkpoint,
  'generation' | 'owner' | 'ownerStartedAt' | 'writtenAt' | 'highWatermark'
>;

/**
 * The checkpoint of a ledger as it is now; `monotonic` is the time on the clock of its due times. It
 * leans on the base of the ledger, if that has one, unless it is to be `whole`.
 */
export function checkpointOf<State>(
  books: Books<State>,
  encode: (folded: State) => Buffer,
  { group, orders: { topic, partition } }: TaskLogs,
  { orders, deadLetters }: Identities,
  monotonic: number,
  writer: Writer & { readonly whole: boolean },
): Checkpoint {
  const { folded, pending, redriven, outcomes, base, deadLetters: dead, ...rest } = books;
  const { whole, ...stamp } = writer;
  return {
    ...rest,
    ...stamp,
    gaps: countOf(books.gapRanges),
    copies: countOf(books.copyRanges),
    topicId: orders.id,
    fingerprint: orders.fingerprint,
    deadLetterTopicId: deadLetters.id,
    deadLetterFingerprint: deadLetters.fingerprint,
    group,
    topic,
    partition,
    base: whole ? -1 : (base?.offset ?? -1),
    redrivenCount: redriven.size,
    redriven: whole ? redriven.packAll() : redriven.packSinceBase(),
    deadLetters: whole ? dead.pack() : NOTHING,
    commands: commandsOf(books),
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

const NOTHING = Buffer.alloc(0);

function commandsOf({ outcomes, pending }: Books<unknown>): CommandOutcome[] {
  const counts = outcomes.counts();
  if (counts.size === 0) return [];
  const waiting = new Map<string, number[]>([...counts.keys()].map((id) => [id, []]));
  for (const [offset, { command }] of pending) {
    if (command !== null) waiting.get(command)?.push(offset);
  }
  return [...counts].map(([id, count]) => ({ id, ...count, waiting: waiting.get(id)! }));
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

// What became of a record of the topic of orders, as the head checkpoint of its partition says it. Pure.
import type { PendingOrder } from '../log/checkpoint.ts';
import type { Head } from '../log/head.ts';
import { look } from '../log/offset-ranges.ts';
import { unpackOffsets } from '../log/packed-offsets.ts';
import type { Redrive } from '../log/redrive.ts';

/** What is known of a record beside the checkpoint. */
export type Evidence = {
  readonly offset: number;
  readonly group: string;
  readonly redrive: Redrive | null;
  /**
   * Where the dead letter of the record stands; null: there is none among those that could be looked at, which
   * are the offsets from `from` up to, not including, `to`.
   */
  readonly letter: number | null;
  readonly letters: { readonly from: number; readonly to: number };
};

export type Verdict = {
  readonly fate:
    | 'before'
    | 'unread'
    | 'lost'
    | 'copy'
    | 'foreign'
    | 'waiting'
    | 'counted'
    | 'dead-lettered'
    | 'unknown';
  readonly why: string | null;
  readonly pending: PendingOrder | null;
};

const verdict = (fate: Verdict['fate'], why: string | null = null): Verdict => ({
  ...{ fate, why },
  pending: null,
});

/** The rules are those at the top of server/task/ledger.ts; what they need and is not known makes `unknown`. */
export function fateOf(head: Head | null, evidence: Evidence): Verdict {
  const { offset, group, redrive, letter } = evidence;
  if (head === null) return verdict('unread', 'the group has written no checkpoint yet');
  const { start, nextOffset, lost, copyRanges, pending, redrivesFrom } = head.checkpoint;
  if (offset < start) return verdict('before', `the group began at offset ${start}`);
  if (offset >= nextOffset) return verdict('unread', 'no checkpoint has come to it yet');
  const dead = letterOf(head, evidence);
  if (dead === 'there') {
    const gone = letter === null ? 'retention has taken its dead letter' : null;
    return verdict('dead-lettered', gone);
  }
  const ranges = [look(lost, offset), look(copyRanges, offset)];
  if (ranges[0] === 'in') return verdict('lost', 'retention took it before it was read');
  if (ranges[1] === 'in') return verdict('copy', 'the same redrive had sent it before');
  const isKnownRedrive = redrive !== null && offset >= redrivesFrom;
  if (isKnownRedrive && redrive.group !== group)
    return verdict('foreign', `group ${redrive.group} had sent it again`);
  const waiting = pending.find((each) => each.offset === offset);
  if (waiting) return { ...verdict('waiting'), pending: waiting };
  if (dead !== 'none') return verdict('unknown', dead);
  if (ranges.includes('unknown')) {
    return verdict(
      'unknown',
      'the checkpoint no longer says which orders were lost or copies there',
    );
  }
  return verdict('counted');
}

/** Whether a dead letter of the record stands below the offset that the head has read to; else why nobody knows. */
function letterOf(head: Head, { offset, letter, letters }: Evidence): string {
  const { deadLetterOffset } = head.checkpoint;
  if (letter !== null && letter < deadLetterOffset) return 'there';
  const whole = head.base ?? head.checkpoint;
  const told = whole.deadLetters.length > 0;
  if (told && unpackOffsets(whole.deadLetters).includes(offset)) return 'there';
  const toldUpTo = told ? whole.deadLetterOffset : 0;
  if (letters.from > toldUpTo || letters.to < deadLetterOffset) {
    return `not all dead letters below offset ${deadLetterOffset} could be looked at`;
  }
  return 'none';
}

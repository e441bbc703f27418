// What became of everything that was read, by the head checkpoints of all partitions.
import type { Account, Balance, PartitionAsOf } from '../http/contract.ts';
import type { CheckpointSummary } from '../log/checkpoint.ts';
import { isoTime } from '../log/clip.ts';
import { countOf } from '../log/offset-ranges.ts';

type Heads = ReadonlyMap<number, CheckpointSummary>;

/** What became of all records below these heads; their states hold `counted` values. */
export function accountOf(heads: Heads, counted: number): Account {
  const inOrder = [...heads.values()].sort((a, b) => a.partition - b.partition);
  return {
    retries: sum(heads, ({ retries }) => retries),
    balance: balanceOf(heads, counted),
    asOf: inOrder.map(asOf),
  };
}

/** How many records were read. */
export function readCount(heads: Heads): number {
  return sum(heads, ({ nextOffset, start, gaps }) => nextOffset - start - gaps);
}

function balanceOf(heads: Heads, counted: number): Balance {
  return {
    read: sum(heads, ({ nextOffset, start }) => nextOffset - start),
    counted,
    deadLettered: sum(heads, ({ deadLettered }) => deadLettered),
    pending: sum(heads, ({ pendingCount }) => pendingCount),
    gaps: sum(heads, ({ gaps }) => gaps),
    lost: sum(heads, ({ lost }) => countOf(lost)),
    copies: sum(heads, ({ copies }) => copies),
    foreign: sum(heads, ({ foreign }) => foreign),
    corrections: sum(heads, ({ corrections }) => corrections),
  };
}

function sum(heads: Heads, of: (head: CheckpointSummary) => number): number {
  let total = 0;
  for (const head of heads.values()) total += of(head);
  return total;
}

function asOf(head: CheckpointSummary): PartitionAsOf {
  const { partition, nextOffset, highWatermark, writtenAt, owner, pendingCount: pending } = head;
  return { partition, nextOffset, highWatermark, writtenAt: isoTime(writtenAt), owner, pending };
}

// One partition's log in memory, and the following of it.

import type { Follower, RecordSet, Subscription } from '../../server/log/ports.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import type { Host, Scheduler } from './scheduler.ts';

type Batch = {
  readonly first: number;
  readonly next: number;
  readonly records: readonly RecordContent[];
  readonly oddity: Oddity | undefined;
  readonly bytes: Buffer;
};

export type PartitionLog = {
  /** How many topics of this name there were before. */
  generation: number;
  low: number;
  high: number;
  /** How many offsets the next batch leaves out. */
  hole: number;
  batches: Batch[];
  /** Called when there may be something new. */
  readonly readers: Set<() => void>;
};

/** Its first record will stand at 0. */
export function emptyLog(): PartitionLog {
  return { generation: 0, low: 0, high: 0, hole: 0, batches: [], readers: new Set() };
}

/** A batch that ends a transaction, or one of which a byte is not what was written. */
export type Oddity = 'control' | 'damaged';

/** Adds one batch; the first offset. Its readers are still to be woken. */
export function push(
  log: PartitionLog,
  records: readonly RecordContent[],
  oddity?: Oddity,
): number {
  const first = log.high + log.hole;
  log.hole = 0;
  log.high = first + records.length;
  log.batches.push(batchOf(first, records, oddity));
  return first;
}

function batchOf(first: number, records: readonly RecordContent[], oddity?: Oddity): Batch {
  const bytes = encodeBatch(records, { baseOffset: first, control: oddity === 'control' });
  if (oddity === 'damaged') bytes[bytes.length - 1]! ^= 1;
  return { first, next: first + records.length, records, oddity, bytes };
}

/** Takes out one record, as compaction does; false when there is none, or when it is the last one. */
export function takeOut(log: PartitionLog, offset: number): boolean {
  const at = log.batches.findIndex(({ first, next }) => first <= offset && offset < next);
  const batch = log.batches[at];
  if (batch === undefined || batch.oddity !== undefined || offset >= log.high - 1) return false;
  const { first, records } = batch;
  const before = records.slice(0, offset - first);
  const after = records.slice(offset + 1 - first);
  const parts = [batchOf(first, before), batchOf(offset + 1, after)];
  log.batches.splice(at, 1, ...parts.filter((part) => part.records.length > 0));
  return true;
}

/** Deletes the topic and creates it anew. */
export function recreate(log: PartitionLog): void {
  Object.assign(log, { generation: log.generation + 1, low: 0, high: 0, hole: 0, batches: [] });
}

/** A random number of batches from `position` on, and the position after them. */
function fetch(
  log: PartitionLog,
  position: number,
  { pick }: Scheduler,
): { next: number; set: RecordSet } {
  const first = log.batches.findIndex(({ next }) => next > position);
  const count = first < 0 ? 0 : 1 + pick(log.batches.length - first);
  const batches = count === 0 ? [] : log.batches.slice(first, first + count);
  return {
    next: batches.at(-1)?.next ?? position,
    set: {
      bytes: count === 1 ? batches[0]!.bytes : Buffer.concat(batches.map(({ bytes }) => bytes)),
      aborted: [],
      highWatermark: log.high,
      lastStableOffset: log.high,
    },
  };
}

/** Follows a log for a process. */
export function follow(
  scheduler: Scheduler,
  host: Host,
  log: PartitionLog,
  from: number,
  follower: Follower,
): Subscription {
  let position = from;
  let idle = true;
  let open = true;
  let polled = false;

  function close(): void {
    open = false;
    log.readers.delete(wake);
  }

  function wake(): void {
    const inside = log.low <= position && position <= log.high;
    if (!idle || (polled && inside && position === log.high)) return;
    idle = false;
    polled = true;
    // Half of the answers are as old as the request.
    const old = inside && scheduler.pick(2) === 0 ? fetch(log, position, scheduler) : null;
    scheduler.later(host, () => void work(old));
  }

  async function work(old: ReturnType<typeof fetch> | null): Promise<void> {
    if (!open) return;
    try {
      if (old === null && (position < log.low || position > log.high)) {
        position = follower.outOfRange(position, { low: log.low, high: log.high });
      } else {
        const { set, next } = old ?? fetch(log, position, scheduler);
        position = next;
        await follower.records(set);
      }
      idle = true;
      if (open) wake();
    } catch (error) {
      if (!open) return;
      close();
      follower.failed(error);
    }
  }

  log.readers.add(wake);
  wake();
  return { close };
}

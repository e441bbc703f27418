// The checkpoints of partitions that run elsewhere: now and then the last one of each, for those between say
// nothing that the last does not say too. So showing costs what is looked at, not what the group writes.
import { createAbort } from '../log/abortable.ts';
import type { CheckpointStamp } from '../log/checkpoint-stamp.ts';
import type { Clock } from '../log/clock.ts';
import type { Bounds, LogReader, TopicPartition } from '../log/ports.ts';
import { readRange } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';

/** How often it is looked for new checkpoints: while somebody looks at what they come to, and otherwise. */
const WATCHED_MS = 100;
const UNWATCHED_MS = 1000;
/** Who has looked looks again: a page every 100 ms. */
const LOOKS_ON_MS = 500;
/** Of the time, at most, for reading them: otherwise it is looked less often, but at least every MAX_MS. */
const SHARE = { watched: 0.25, unwatched: 0.05 } as const;
const MAX_MS = 4000;
/** So few are read one by one at the beginning: a group that rests is shown at once as all show it. */
const FEW = 64;
/** By then an owner that rests has deleted what is not needed any more. */
const REST_MS = 90_000;

/** Where the checkpoints of other instances are read. */
export type Samples = {
  readonly reader: LogReader;
  /** Where the logs of the partitions 0 to `partitions` - 1 begin and end now; see kafka/ends.ts. */
  ends(partitions: number): Promise<ReadonlyMap<number, Bounds | { readonly error: string }>>;
};

type Log = {
  /** All below it has been looked at; and the end at the last look. */
  read: number;
  seen: number;
  /** Who wrote what was looked at last. */
  writer: string | null;
  movedAt: number;
  /** A read is under way: a partition without a leader holds up no other. */
  reading: boolean;
  readonly known: () => void;
};

export type CheckpointSamples = {
  /** Begins with a partition; resolves when its last checkpoint is known, or there is none. */
  add(partition: number): Promise<void>;
  /** Leaves a partition alone. */
  remove(partition: number): void;
  /** Somebody looks at what the checkpoints come to. */
  looked(): void;
  close(): void;
};

/**
 * No partition yet. `visit` gets a checkpoint and says its stamp, or null for a record that is none. The last
 * record stands for all before it as long as the same instance writes: after a change of owner a late one
 * may stand behind the head, so everything between is read; and so it is, once, when a partition rests.
 */
export function createCheckpointSamples(deps: {
  samples: Samples;
  topic: string;
  clock: Clock;
  visit: (partition: number, cursor: RecordCursor) => CheckpointStamp | null;
  failed: (partition: number, error: unknown) => void;
}): CheckpointSamples {
  const { samples, topic, clock, visit, failed } = deps;
  const access = { reader: samples.reader, clock };
  const logs = new Map<number, Log>();
  const closing = createAbort();
  const { signal } = closing;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let begunAt = clock.monotonic();
  let took = 0;
  let looking = false;
  /** A partition is there that no look has seen yet. */
  let isNew = false;
  let cancel = () => {};

  function schedule(): void {
    cancel();
    if (looking || signal.aborted || logs.size === 0) return;
    const isWatched = clock.monotonic() - lookedAt <= LOOKS_ON_MS;
    const rest = isWatched
      ? Math.max(WATCHED_MS, took / SHARE.watched)
      : Math.max(UNWATCHED_MS, took / SHARE.unwatched);
    const dueAt = isNew ? begunAt : begunAt + Math.min(rest, MAX_MS);
    cancel = clock.after(Math.max(0, dueAt - clock.monotonic()), () => void look());
  }

  async function look(): Promise<void> {
    looking = true;
    isNew = false;
    begunAt = clock.monotonic();
    try {
      const ends = await samples.ends(Math.max(...logs.keys()) + 1);
      const reads = [...logs].map(([partition, log]) => attempt(partition, log, ends));
      await new Promise<void>((done) => {
        const stopWaiting = clock.after(MAX_MS, done);
        void Promise.all(reads).finally(() => {
          stopWaiting();
          done();
        });
      });
    } catch (error) {
      const left = [...logs.keys()];
      logs.clear();
      for (const partition of left) if (!signal.aborted) failed(partition, error);
    } finally {
      took = clock.monotonic() - begunAt;
      looking = false;
      schedule();
    }
  }

  async function attempt(
    partition: number,
    log: Log,
    ends: Awaited<ReturnType<Samples['ends']>>,
  ): Promise<void> {
    if (log.reading) return;
    log.reading = true;
    try {
      const end = ends.get(partition) ?? { error: 'not there' };
      // Whoever waits for a record that is not to be had is noticed, and says why.
      if ('error' in end) await read(partition, log, log.seen, log.seen + 1);
      else await takeNews(partition, log, end);
    } catch (error) {
      const isHere = !signal.aborted && logs.get(partition) === log && logs.delete(partition);
      log.known();
      if (isHere) failed(partition, error);
    } finally {
      log.reading = false;
    }
  }

  async function takeNews(partition: number, log: Log, { low, high }: Bounds): Promise<void> {
    if (high < log.seen) Object.assign(log, { read: low, seen: low, writer: null });
    log.read = Math.max(log.read, low);
    const now = clock.monotonic();
    if (high > log.seen) {
      const isFew = log.seen === 0 && high - log.read <= FEW;
      const isNext = log.read === high - 1;
      const isSame = !isFew && (await readLast(partition, log, high));
      log.seen = high;
      log.movedAt = now;
      if (isNext && !isFew) log.read = high;
      else if (!isSame) await readAll(partition, log);
    } else if (log.read < high && now - log.movedAt >= REST_MS) await readAll(partition, log);
    log.known();
  }

  /** Whether the last record is a checkpoint of whoever wrote the one before. */
  async function readLast(partition: number, log: Log, high: number): Promise<boolean> {
    const before = log.writer;
    log.writer = null;
    await read(partition, log, high - 1, high);
    return log.writer !== null && (before === null || before === log.writer);
  }

  async function readAll(partition: number, log: Log): Promise<void> {
    const end = log.seen;
    await read(partition, log, log.read, end);
    log.read = end;
  }

  function read(partition: number, log: Log, from: number, to: number): Promise<void> {
    const tp: TopicPartition = { topic, partition };
    return readRange({ ...access, signal }, tp, { from, to }, (cursor) => {
      const stamp = visit(partition, cursor);
      if (stamp !== null) log.writer = `${stamp.generation} ${stamp.ownerStartedAt} ${stamp.owner}`;
    });
  }

  return {
    add: (partition) =>
      new Promise((known) => {
        const start = { read: 0, seen: 0, writer: null, movedAt: clock.monotonic() };
        logs.set(partition, { ...start, reading: false, known });
        isNew = true;
        schedule();
      }),
    remove(partition) {
      logs.get(partition)?.known();
      logs.delete(partition);
    },
    looked() {
      const wasWatched = clock.monotonic() - lookedAt <= LOOKS_ON_MS;
      lookedAt = clock.monotonic();
      if (!wasWatched) schedule();
    },
    close() {
      closing.abort();
      cancel();
    },
  };
}

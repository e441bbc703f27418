// What the whole group has come to, read from the topics by every instance: the head checkpoint of
// each partition merged, and the newest dead letters. Positions never move back.

import { abortable } from '../log/abortable.ts';
import {
  type CheckpointStamp,
  type CheckpointSummary,
  decodeStamp,
  type OnCheckpoint,
  succeeds,
} from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import { type DeadLetter, readDeadLetter, SHOWN_HEADERS } from '../log/dead-letter.ts';
import { checkGroup } from '../log/head.ts';
import type { Follower, LogReader, Subscription, TopicPartition } from '../log/ports.ts';
import type { Steps } from '../log/slices.ts';
import { walk } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { lastHeaders } from '../record-batch/record-parts.ts';
import { createDeadLetterRing } from './dead-letter-ring.ts';
import { createHeads, type GroupState } from './heads.ts';

/** New dead letters beyond these nobody shows. */
const MAX_NEW_LETTERS = 1000;

/** What changed since it was last asked. */
export type Changes = {
  /** A partition has a new head. */
  readonly moved: boolean;
  /** Newest first. */
  readonly deadLetters: readonly DeadLetter[];
};

export type GroupView = {
  /**
   * Whether all has been read that stood in the topics at the start, but for partitions that cannot be
   * read: before, no figure is true.
   */
  readonly known: boolean;
  /** The newest head checkpoints, by partition; a partition without one is absent. */
  heads(): ReadonlyMap<number, CheckpointSummary>;
  /** Merges what is new; the group state is one state again when the promise, if there is one, resolves. */
  merge(): Promise<void> | undefined;
  /** The heads that have been merged. */
  readonly merged: ReadonlyMap<number, CheckpointSummary>;
  /** Other work on the group state, between two merges and in slices. */
  run<T>(work: () => Steps<T>): T | Promise<T>;
  newestDeadLetters(limit: number): DeadLetter[];
  takeChanges(): Changes;
};

export type GroupViewReader = GroupView & {
  /** Begins to follow partitions that it does not follow yet. */
  follow(partitions: readonly number[]): void;
  /**
   * Resolves when all has been read that stood in the topics when they began to be followed; rejects
   * when the view is closed before.
   */
  caughtUp(): Promise<void>;
  /** The same of one partition; false again when its checkpoints cannot be followed any more. */
  isCaughtUp(partition: number): boolean;
  close(): void;
};

/** The view of a group. */
export function createGroupView(deps: {
  reader: LogReader;
  group: string;
  checkpointTopic: string;
  deadLetterTopic: string;
  deadLetterBufferSize: number;
  /** What the business makes of all partitions together. */
  state: GroupState;
  /** The name of a value in a dead letter; null when it is none. */
  idOf: (value: Buffer) => string | null;
  clock: Clock;
  onCheckpoint: OnCheckpoint;
  /** Whether a partition is not waited for: its logs cannot be read at the moment. */
  isOut?: (partition: number) => boolean;
  /** What stands in this log cannot be shown. */
  onFailed: (tp: TopicPartition, error: unknown) => void;
}): GroupViewReader {
  const { reader, clock, deadLetterBufferSize, onCheckpoint, onFailed } = deps;
  const { isOut = () => false } = deps;
  const stamps = new Map<number, CheckpointStamp>();
  const heads = createHeads({
    clock,
    group: deps.state,
    onFailed: (partition, error) => onFailed({ topic: deps.checkpointTopic, partition }, error),
  });
  const ring = createDeadLetterRing(deadLetterBufferSize);
  const partitions = new Map<number, Promise<unknown>>();
  const followings = new Set<Subscription>();
  const closing = new AbortController();
  const upToDate = new Set<number>();
  /** Partitions whose checkpoints are followed no more. */
  const lost = new Set<number>();
  let known = false;

  function readCheckpoint(partition: number, cursor: RecordCursor): void {
    const bytes = cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd);
    const stamp = decodeStamp(bytes);
    checkGroup(stamp, deps.group, { topic: deps.checkpointTopic, partition });
    const head = stamps.get(partition);
    const isHead = head === undefined || succeeds(stamp, head);
    onCheckpoint(partition, cursor.offset, stamp, isHead);
    if (!isHead) return;
    stamps.set(partition, stamp);
    heads.put(partition, Buffer.from(bytes));
  }

  function readLetter(partition: number, cursor: RecordCursor): void {
    const { offset, timestamp, bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
    const letter = readDeadLetter(partition, deps.idOf, {
      offset,
      timestamp,
      key: keyStart < 0 ? null : bytes.subarray(keyStart, keyEnd),
      value: valueStart < 0 ? null : bytes.subarray(valueStart, valueEnd),
      headers: lastHeaders(bytes, cursor, SHOWN_HEADERS),
    });
    ring.add(letter);
  }

  /**
   * Follows to the end and on; resolves when what stood in the log at the call has been read, rejects
   * when the view is closed before.
   */
  async function followOne(
    tp: TopicPartition,
    backlog: number,
    visit: (partition: number, cursor: RecordCursor) => void,
    readUpTo: (partition: number, end: number) => void = () => {},
  ): Promise<void> {
    const { signal } = closing;
    const { low, high } = await abortable(signal, reader.bounds(tp));
    let position = Math.max(low, high - backlog);
    const caughtUp = new Promise<void>((resolve) => {
      const follower: Follower = {
        async records(set) {
          position = await walk(set, position, clock, (cursor) => {
            signal.throwIfAborted();
            visit(tp.partition, cursor);
            return undefined;
          });
          readUpTo(tp.partition, position);
          if (position >= Math.min(high, set.lastStableOffset)) resolve();
        },
        outOfRange: (_position, bounds) => (position = bounds.low),
        failed(error) {
          if (tp.topic === deps.checkpointTopic) lost.add(tp.partition);
          onFailed(tp, error);
          resolve();
        },
      };
      followings.add(reader.follow(tp, position, follower));
    });
    return abortable(signal, caughtUp);
  }

  function followPartition(partition: number): Promise<unknown> {
    const checkpoints = { topic: deps.checkpointTopic, partition };
    const letters = { topic: deps.deadLetterTopic, partition };
    return Promise.all([
      followOne(checkpoints, Number.POSITIVE_INFINITY, readCheckpoint),
      followOne(letters, deadLetterBufferSize, readLetter, ring.readUpTo),
    ]);
  }

  return {
    get known() {
      known ||=
        upToDate.size > 0 &&
        [...partitions.keys()].every((partition) => upToDate.has(partition) || isOut(partition));
      return known;
    },
    heads: heads.newest,
    merge: heads.merge,
    merged: heads.merged,
    run: heads.run,
    newestDeadLetters: (limit) => ring.newest(limit),
    takeChanges() {
      return { moved: heads.takeMoved(), deadLetters: ring.takeNew(MAX_NEW_LETTERS) };
    },
    follow(numbers) {
      for (const partition of numbers) {
        if (closing.signal.aborted || partitions.has(partition)) continue;
        const tp = { topic: deps.checkpointTopic, partition };
        const caughtUp = followPartition(partition);
        caughtUp.then(
          () => upToDate.add(partition),
          // A reader that was closed meanwhile is no failure.
          (error: unknown) => closing.signal.aborted || onFailed(tp, error),
        );
        partitions.set(partition, caughtUp);
      }
    },
    async caughtUp() {
      await Promise.all(partitions.values());
      await heads.merge();
    },
    isCaughtUp: (partition) => upToDate.has(partition) && !lost.has(partition),
    close() {
      closing.abort();
      for (const following of followings) following.close();
    },
  };
}

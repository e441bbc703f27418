// What the whole group has come to, read from the topics by every instance: the head checkpoint of
// each partition merged, and the newest dead letters. Positions never move back.
import type { Averages, Tally } from '../domain/averages.ts';
import {
  type CheckpointStamp,
  type CheckpointSummary,
  decodeStamp,
  succeeds,
} from '../domain/checkpoint.ts';
import { createDeadLetterRing, type DeadLetter, readDeadLetter } from '../domain/dead-letter.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { openRecord } from '../record-batch/record-parts.ts';
import type { Clock } from './clock.ts';
import type { Follower, Following, LogReader, TopicPartition } from './log.ts';
import { createMergedHeads, type MergedState, type WholeState } from './merged-heads.ts';
import { checkGroup } from './restore.ts';
import { walk } from './walk.ts';

/** What changed since it was last asked. */
export type Changes = {
  /** A partition has a new head. */
  readonly moved: boolean;
  /** Those that are, or were, among the shown, and changed. */
  readonly products: ReadonlySet<string>;
  /** Newest first. */
  readonly deadLetters: readonly DeadLetter[];
};

export type GroupView = {
  /** Whether all has been read that stood in the topics at the start: before, no figure is true. */
  readonly known: boolean;
  /** The newest head checkpoints, by partition; a partition without one is absent. */
  heads(): ReadonlyMap<number, CheckpointSummary>;
  /** Merges what is new; `state` is one state again when the promise, if there is one, resolves. */
  merge(): Promise<void> | undefined;
  /** What has been merged. */
  readonly state: MergedState;
  /** Everything, as it is when the promise resolves; it does not change any more. */
  whole(): WholeState | Promise<WholeState>;
  /** Of `state`, with what is new where it is little enough to be merged at the look. */
  readonly averages: Averages;
  readonly total: Tally;
  newestDeadLetters(limit: number): DeadLetter[];
  takeChanges(): Changes;
};

export type GroupViewReader = GroupView & {
  /** Begins to follow partitions that it does not follow yet. */
  follow(partitions: readonly number[]): void;
  /** Resolves when all has been read that stood in the topics when they began to be followed. */
  caughtUp(): Promise<void>;
  close(): void;
};

/** A checkpoint was read; `isHead` when it is the greatest so far. */
export type OnCheckpoint = (
  partition: number,
  offset: number,
  stamp: CheckpointStamp,
  isHead: boolean,
) => void;

/** The view of a group. */
export function createGroupView(deps: {
  reader: LogReader;
  group: string;
  checkpointTopic: string;
  deadLetterTopic: string;
  deadLetterBufferSize: number;
  clock: Clock;
  onCheckpoint: OnCheckpoint;
  /** What stands in this log cannot be shown. */
  onFailed: (tp: TopicPartition, error: unknown) => void;
}): GroupViewReader {
  const { reader, clock, deadLetterBufferSize, onCheckpoint, onFailed } = deps;
  const stamps = new Map<number, CheckpointStamp>();
  const heads = createMergedHeads(clock, (partition, error) => {
    onFailed({ topic: deps.checkpointTopic, partition }, error);
  });
  const ring = createDeadLetterRing(deadLetterBufferSize);
  const followings = new Map<number, Promise<Following[]>>();
  let newDeadLetters = createDeadLetterRing(deadLetterBufferSize);
  let open = true;
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
    const letter = readDeadLetter(partition, openRecord(cursor.copy()));
    if (ring.add(letter)) newDeadLetters.add(letter);
  }

  /** Follows to the end and on; resolves when what stood in the log at the call has been read. */
  async function followOne(
    tp: TopicPartition,
    backlog: number,
    visit: (partition: number, cursor: RecordCursor) => void,
  ): Promise<Following> {
    const { low, high } = await reader.bounds(tp);
    let position = Math.max(low, high - backlog);
    return new Promise((resolve) => {
      const follower: Follower = {
        async records(set) {
          position = await walk(set, position, clock, (cursor) => {
            visit(tp.partition, cursor);
            return undefined;
          });
          if (position >= Math.min(high, set.lastStableOffset)) resolve(following);
        },
        outOfRange: (_position, bounds) => (position = bounds.low),
        failed(error) {
          onFailed(tp, error);
          resolve(following);
        },
      };
      const following = reader.follow(tp, position, follower);
    });
  }

  function followPartition(partition: number): Promise<Following[]> {
    const { checkpointTopic, deadLetterTopic } = deps;
    return Promise.all([
      followOne({ topic: checkpointTopic, partition }, Number.POSITIVE_INFINITY, readCheckpoint),
      followOne({ topic: deadLetterTopic, partition }, deadLetterBufferSize, readLetter),
    ]);
  }

  return {
    get known() {
      return known;
    },
    get state() {
      return heads.state;
    },
    get averages() {
      void heads.merge();
      return heads.state.averages;
    },
    get total() {
      void heads.merge();
      return heads.state.total;
    },
    heads: heads.newest,
    merge: heads.merge,
    whole: heads.whole,
    newestDeadLetters: (limit) => ring.newest(limit),
    takeChanges() {
      const deadLetters = newDeadLetters.newest(deadLetterBufferSize);
      const changes = { ...heads.takeChanges(), deadLetters };
      newDeadLetters = createDeadLetterRing(deadLetterBufferSize);
      return changes;
    },
    follow(partitions) {
      for (const partition of partitions) {
        if (open && !followings.has(partition)) {
          const tp = { topic: deps.checkpointTopic, partition };
          const following = followPartition(partition);
          // A reader that was closed meanwhile is no failure.
          following.catch((error: unknown) => open && onFailed(tp, error));
          followings.set(partition, following);
        }
      }
    },
    async caughtUp() {
      await Promise.all(followings.values());
      await heads.merge();
      known = true;
    },
    close() {
      open = false;
      for (const following of followings.values()) {
        following.then(
          (both) => {
            for (const one of both) one.close();
          },
          () => {},
        );
      }
    },
  };
}

// What the whole group has come to, read from the topics by every instance: the head checkpoint of
// each partition merged, and the newest dead letters. Positions never move back.

import { createAbort } from '../log/abortable.ts';
import type { CheckpointSummary } from '../log/checkpoint.ts';
import type { OnCheckpoint } from '../log/checkpoint-stamp.ts';
import type { Clock } from '../log/clock.ts';
import { type DeadLetter, readDeadLetter, SHOWN_HEADERS } from '../log/dead-letter.ts';
import type { Logger } from '../log/logger.ts';
import type { LogReader, TopicPartition } from '../log/ports.ts';
import type { Steps } from '../log/slices.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { lastHeaders } from '../record-batch/record-parts.ts';
import { createDeadLetterRing } from './dead-letter-ring.ts';
import { followLog } from './follow-log.ts';
import { createHeadStamps } from './head-stamps.ts';
import { createHeads, type GroupState } from './heads.ts';

/** So many new dead letters are handed out at once; nobody shows more. */
const MAX_NEW_LETTERS = 1000;

/** What is new in the group since it was last asked. */
export type GroupChanges = {
  /** A partition has a new head. */
  readonly moved: boolean;
  /** Newest first. */
  readonly deadLetters: readonly DeadLetter[];
};

export type GroupView = {
  /**
   * Whether all has been read that stood in the topics at the start, partitions that cannot be read left
   * aside. Until then figures are only those of what was read so far.
   */
  readonly known: boolean;
  /** The newest head checkpoints, by partition; a partition without one is absent. */
  heads(): ReadonlyMap<number, CheckpointSummary>;
  /** Merges what is new, at once or by the time the promise resolves: see `Heads`. */
  merge(): Promise<void> | undefined;
  /** The heads that have been merged. */
  readonly merged: ReadonlyMap<number, CheckpointSummary>;
  /** Other work on the group state, between two merges and in slices. */
  run<T>(work: () => Steps<T>): T | Promise<T>;
  newestDeadLetters(limit: number): DeadLetter[];
  takeChanges(): GroupChanges;
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

type Dependencies = {
  reader: LogReader;
  group: string;
  checkpointTopic: string;
  deadLetterTopic: string;
  deadLetterBufferSize: number;
  /** What the business makes of all partitions together. */
  state: GroupState;
  /** The name of a value in a dead letter; null when it is none. */
  idOf: (value: Buffer) => string | null;
  /** Resolves when `idOf` can tell, or when that is not worth the wait; undefined when it can already. */
  idReady?: (value: Buffer) => Promise<void> | undefined;
  clock: Clock;
  logger: Logger;
  onCheckpoint: OnCheckpoint;
  /** Whether a partition is not waited for: its logs cannot be read at the moment. */
  isOut?: (partition: number) => boolean;
  /** What stands in this log cannot be shown. */
  onFailed: (tp: TopicPartition, error: unknown) => void;
};

/** The view of a group. */
export function createGroupView(deps: Dependencies): GroupViewReader {
  const { reader, group, clock, logger, deadLetterBufferSize, idOf, onCheckpoint } = deps;
  const { onFailed, isOut = () => false, idReady = () => undefined } = deps;
  const checkpointLog = (partition: number) => ({ topic: deps.checkpointTopic, partition });
  const letterLog = (partition: number) => ({ topic: deps.deadLetterTopic, partition });
  const heads = createHeads({
    clock,
    group: deps.state,
    onFailed: (partition, error) => onFailed(checkpointLog(partition), error),
  });
  const readCheckpoint = createHeadStamps({
    topic: deps.checkpointTopic,
    group,
    logger,
    onCheckpoint,
    onHead: heads.put,
  });
  const ring = createDeadLetterRing(deadLetterBufferSize);
  const partitions = new Map<number, Promise<unknown>>();
  const closing = createAbort();
  const { signal } = closing;
  const upToDate = new Set<number>();
  /** Partitions whose checkpoints are followed no more. */
  const lost = new Set<number>();
  let known = false;

  function followPartition(partition: number): Promise<unknown> {
    const access = { reader, clock, signal };
    return Promise.all([
      followLog(access, checkpointLog(partition), Number.POSITIVE_INFINITY, {
        visit: readCheckpoint,
        failed(_partition, error) {
          lost.add(partition);
          onFailed(checkpointLog(partition), error);
        },
      }),
      followLog(access, letterLog(partition), deadLetterBufferSize, {
        visit(_partition, cursor) {
          const add = () => ring.add(letterUnder(cursor, partition, idOf));
          const { bytes, valueStart, valueEnd } = cursor;
          const wait = valueStart < 0 ? undefined : idReady(bytes.subarray(valueStart, valueEnd));
          return wait === undefined ? add() : wait.then(add);
        },
        readUpTo: ring.readUpTo,
        failed: (_partition, error) => onFailed(letterLog(partition), error),
      }),
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
        if (signal.aborted || partitions.has(partition)) continue;
        const caughtUp = followPartition(partition);
        caughtUp.then(
          () => upToDate.add(partition),
          // A reader that was closed meanwhile is no failure.
          (error: unknown) => signal.aborted || onFailed(checkpointLog(partition), error),
        );
        partitions.set(partition, caughtUp);
      }
    },
    async caughtUp() {
      await Promise.all(partitions.values());
      await heads.merge();
    },
    isCaughtUp: (partition) => upToDate.has(partition) && !lost.has(partition),
    close: () => closing.abort(),
  };
}

/** The dead letter under the cursor; its texts are its own. */
function letterUnder(
  cursor: RecordCursor,
  partition: number,
  idOf: (value: Buffer) => string | null,
): DeadLetter {
  const { offset, timestamp, bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
  return readDeadLetter(partition, idOf, {
    offset,
    timestamp,
    key: keyStart < 0 ? null : bytes.subarray(keyStart, keyEnd),
    value: valueStart < 0 ? null : bytes.subarray(valueStart, valueEnd),
    headers: lastHeaders(bytes, cursor, SHOWN_HEADERS),
  });
}

// Kafka's log as this service needs it: ports, implemented in kafka/ and, in memory, by tests.
import type { AbortedTransaction, RecordContent } from '../record-batch/record.ts';

export type TopicPartition = { readonly topic: string; readonly partition: number };

/** As people write it: `orders[2]`. */
export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}[${partition}]`;
}

/** `low`: first offset kept; `high`: next offset to be written (the high watermark). */
export type Bounds = { readonly low: number; readonly high: number };

/** One partition's part of a Fetch answer. `bytes` is a view into the answer: copy what outlives the call. */
export type RecordSet = {
  readonly bytes: Buffer;
  /** Transactions to leave out (read_committed). */
  readonly aborted: readonly AbortedTransaction[];
  readonly highWatermark: number;
  /** Below it everything is decided: the end for a read_committed reader. */
  readonly lastStableOffset: number;
};

/** Who follows a partition. Its promises and throws never break the following of other partitions. */
export type Follower = {
  /**
   * Works on the next record set. Sets arrive in order, one at a time: the next is delivered when
   * this promise has settled. Also called with empty `bytes` when the log has nothing new, so that
   * the follower learns the watermarks. A rejection ends the following: `failed` is called with it.
   */
  records(set: RecordSet): Promise<void>;
  /**
   * The position is outside [low, high]. Returns the offset to go on from, or throws to end. Never
   * called before all that was fetched from lower offsets has been worked on.
   */
  outOfRange(position: number, bounds: Bounds): number;
  /** Following has ended by an error; called at most once, never after `close`. */
  failed(error: unknown): void;
};

/** Ends following; nothing is delivered after the call. A running `records` goes on to its end. */
export type Subscription = { close(): void };

/** Reads partitions, without a group. Follows leader changes and lost connections by itself. */
export type LogReader = {
  /** Low and high watermark now; waits for Kafka. */
  bounds(tp: TopicPartition): Promise<Bounds>;
  /**
   * The id that Kafka gave the topic when it was created, as 32 hexadecimal digits, null where it gives
   * none (before Kafka 2.8); asked for after the call. Waits for Kafka.
   */
  topicId(topic: string): Promise<string | null>;
  /** Follows a partition from an offset on, in read_committed isolation. */
  follow(tp: TopicPartition, from: number, follower: Follower): Subscription;
};

/** Writes to partitions with acks = all. */
export type LogWriter = {
  /**
   * Appends the records as one batch, `compressed` if asked for; resolves with the first offset.
   * Rejects with an AppError: `retriable` when the same append may succeed later (the outcome may be unknown: it may have
   * been written), not retriable when the broker refuses these records (code RECORD_TOO_LARGE …).
   */
  append(
    tp: TopicPartition,
    records: readonly RecordContent[],
    options?: { readonly compressed: boolean },
  ): Promise<number>;
};

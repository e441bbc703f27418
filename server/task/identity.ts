// Whether a topic is still the one that was read: a topic that was deleted, created again and filled has
// other records at the same offsets. Kafka gives every topic an id (KIP-516). Where it gives none, a record
// that was read before is fetched once more and compared by its fingerprint, if it is still there.

import { InconsistentStateError } from '../errors.ts';
import type { Fingerprint } from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import { type LogReader, nameOf, type TopicPartition } from '../log/ports.ts';
import { readRange } from '../log/walk.ts';
import { crc32c } from '../record-batch/crc32c.ts';
import type { RecordCursor } from '../record-batch/reader.ts';

/** What a checkpoint keeps of it. */
export type KnownIdentity = {
  readonly id: string | null;
  readonly fingerprint: Fingerprint | null;
};

export type Identity = KnownIdentity & {
  /** Takes the fingerprint of the record under the cursor if there is no id. */
  note(cursor: RecordCursor): void;
  /** Rejects with InconsistentStateError when this is another topic of the same name by now. */
  check(): Promise<void>;
};

/** A fingerprint is compared at most this often, because it costs a fetch. */
const FINGERPRINT_INTERVAL_MS = 5000;

/**
 * The identity of a log whose positions are those of `known`. Waits for Kafka; rejects with
 * InconsistentStateError when it is another topic, and when `signal` is aborted.
 */
export async function identify(
  deps: { reader: LogReader; clock: Clock; signal: AbortSignal },
  tp: TopicPartition,
  known: KnownIdentity,
): Promise<Identity> {
  const { reader, clock, signal } = deps;
  let { id, fingerprint } = known;
  let latest: Fingerprint | null = null;
  let lookAgainAt = Number.NEGATIVE_INFINITY;

  async function check(): Promise<void> {
    const now = await reader.topicId(tp.topic);
    if (now !== null && id !== null && now !== id) {
      throw another(tp, `its id is ${now}, it was ${id}`);
    }
    if (fingerprint === null) fingerprint = latest;
    else if (clock.monotonic() >= lookAgainAt) await lookAgain(fingerprint);
    id ??= now;
  }

  /** If the old record still stands there, what was read after it is of the same log, and newer. */
  async function lookAgain(old: Fingerprint): Promise<void> {
    const next = latest ?? old;
    await findAgain(old);
    fingerprint = id === null ? next : null;
    lookAgainAt = clock.monotonic() + FINGERPRINT_INTERVAL_MS;
  }

  async function findAgain({ offset, hash }: Fingerprint): Promise<void> {
    let found = hash;
    await readRange(deps, tp, { from: offset, to: offset + 1 }, (cursor) => {
      found = hashOf(cursor);
    });
    if (found !== hash) throw another(tp, `another record stands at offset ${offset}`);
  }

  signal.throwIfAborted();
  await check();
  return {
    get id() {
      return id;
    },
    get fingerprint() {
      return fingerprint ?? latest;
    },
    note(cursor) {
      if (id === null) latest = { offset: cursor.offset, hash: hashOf(cursor) };
    },
    check,
  };
}

function hashOf({ bytes, timestamp, bodyStart, recordEnd }: RecordCursor): string {
  const checksum = crc32c(bytes, bodyStart, recordEnd);
  return `${timestamp}-${recordEnd - bodyStart}-${checksum.toString(16)}`;
}

function another(tp: TopicPartition, words: string): InconsistentStateError {
  return new InconsistentStateError(
    `${nameOf(tp)} is another topic of the same name: it was recreated, ${words}`,
  );
}

/** Requests for one topic's id, at most this often. */
const PACE_MS = 20;

/**
 * The same reader for many tasks, which ask for the id of the same topics all the time: who asks while a
 * request is on its way shares the next one, so that an answer is never older than its question.
 */
export function shareTopicIds(reader: LogReader, clock: Clock): LogReader {
  type Asked = { startedAt: number; answer: Promise<unknown>; next: Promise<string | null> | null };
  const asked = new Map<string, Asked>();

  function ask(topic: string): Promise<string | null> {
    const answer = reader.topicId(topic);
    asked.set(topic, { startedAt: clock.monotonic(), answer, next: null });
    return answer;
  }

  async function askNext(topic: string, last: Asked): Promise<string | null> {
    await last.answer.catch(() => {});
    const rest = last.startedAt + PACE_MS - clock.monotonic();
    if (rest > 0) await new Promise<void>((resolve) => clock.after(rest, resolve));
    return ask(topic);
  }

  return {
    ...reader,
    topicId(topic) {
      const last = asked.get(topic);
      if (last === undefined || clock.monotonic() >= last.startedAt + PACE_MS) return ask(topic);
      last.next ??= askNext(topic, last);
      return last.next;
    },
  };
}

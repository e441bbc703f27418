// Orders on their way to the dead-letter topic: sent in batches, one at a time, until Kafka has them.
// What the topic refuses is sent in halves, alone, and then in a shorter form; an order that it refuses
// even so waits by itself, and the others go on.

import { AppError, describe } from '../errors.ts';
import type { Clock } from '../log/clock.ts';
import {
  type Author,
  type DeadLetterCause,
  deadLetterHeaders,
  type Note,
} from '../log/dead-letter.ts';
import { FORMS, shorten } from '../log/dead-letter-form.ts';
import type { Logger } from '../log/logger.ts';
import { type LogWriter, nameOf, type TopicPartition } from '../log/ports.ts';
import type { Progress } from '../log/progress.ts';
import type { RecordContent } from '../record-batch/record.ts';
import { countHeaders, openRecord } from '../record-batch/record-parts.ts';
import { encodedSize } from '../record-batch/writer.ts';
import type { Pending } from './pending.ts';
import { persist } from './persist.ts';

export type DeadLetterOutbox = {
  send(order: Pending, cause: DeadLetterCause): void;
  /** Sends nothing more; what is on its way may still arrive. */
  close(): void;
};

const MAX_BATCH_RECORDS = 500;
const MAX_BATCH_BYTES = 512 * 1024;
/** A record with more headers than this goes without them: each costs a hundred bytes of memory. */
const MAX_HEADERS = 10_000;
/** When what was refused is tried again: the topic may have been changed. */
const FIRST_PAUSE_MS = 5000;
const MAX_PAUSE_MS = 300_000;

type Entry = { readonly order: Pending; readonly cause: DeadLetterCause };
/** An entry as the record to be sent: its place in FORMS, and its bytes before compression. */
type Letter = {
  readonly entry: Entry;
  readonly form: number;
  readonly record: RecordContent;
  readonly bytes: number;
};

/** An outbox of one partition. */
export function createDeadLetterOutbox(deps: {
  source: TopicPartition;
  target: TopicPartition;
  author: Author;
  writer: LogWriter;
  clock: Clock;
  random: () => number;
  logger: Logger;
  /** Whether the order still waits for its dead letter: it may have been read from elsewhere. */
  isPending: (order: Pending) => boolean;
  /** Orders wait because their dead letters are refused, in words; null: none does any more. */
  onProblem: (words: string | null) => void;
  /** Hears of a programmer's error. */
  progress: Progress;
  onFailed: (error: unknown) => void;
}): DeadLetterOutbox {
  const { source, target, author, writer, clock, logger, isPending, onProblem, onFailed } = deps;
  const waiting: Entry[] = [];
  /** Refused in every form, with the words of the refusal; and those of them not waiting again yet. */
  const refused = new Map<Entry, string>();
  let aside: Entry[] = [];
  let pause = FIRST_PAUSE_MS;
  let cancelPause = () => {};
  let warned = false;
  let open = true;
  let sending = false;

  async function sendAll(): Promise<void> {
    sending = true;
    try {
      await Promise.resolve();
      while (open && waiting.length > 0) await deliver(await nextBatch());
    } catch (error) {
      onFailed(error);
    } finally {
      sending = false;
    }
  }

  /** As many as fit; the first is taken however large it is. */
  async function nextBatch(): Promise<Letter[]> {
    const letters: Letter[] = [];
    let bytes = 0;
    let taken = 0;
    for (const entry of waiting) {
      if (letters.length === MAX_BATCH_RECORDS) break;
      if (isPending(entry.order)) {
        const letter = await write(entry, 0);
        bytes += letter.bytes;
        if (letters.length > 0 && bytes > MAX_BATCH_BYTES) break;
        letters.push(letter);
      } else settled(entry);
      taken += 1;
    }
    waiting.splice(0, taken);
    return letters;
  }

  async function write(entry: Entry, form: number): Promise<Letter> {
    const { order, cause } = entry;
    const count = countHeaders(order.record);
    const { offset, timestamp, ...parts } = openRecord(
      order.record,
      count > MAX_HEADERS ? 0 : count,
    );
    const { cut } = order.record;
    const { key, value, headers, notes } = await shorten({ ...parts, cut }, FORMS[form]!);
    const all: Note[] = count > MAX_HEADERS ? [['headers.left-out', `all ${count}`]] : [];
    const origin = { ...source, offset, timestamp };
    const record = {
      timestamp: clock.now(),
      key,
      value,
      headers: deadLetterHeaders(origin, cause, author, headers, [...notes, ...all]),
    };
    return { entry, form, record, bytes: encodedSize(record, MAX_BATCH_RECORDS, record.timestamp) };
  }

  async function deliver(letters: readonly Letter[]): Promise<void> {
    if (!open || letters.length === 0) return;
    try {
      await append(letters);
      for (const { entry } of letters) settled(entry);
    } catch (error) {
      if (!open) return;
      if (!(error instanceof AppError)) throw error;
      const half = letters.length >> 1;
      if (half === 0) return deliverLess(letters[0]!, error);
      await deliver(letters.slice(0, half));
      await deliver(letters.slice(half));
    }
  }

  /** Compressed when the originals were, or when it is a large letter that stands alone. */
  function append(letters: readonly Letter[]): Promise<number | undefined> {
    const compressed = letters.some(
      (letter) => (letter.entry.order.record.codec ?? 0) > 0 || letter.bytes > MAX_BATCH_BYTES,
    );
    const records = letters.map(({ record }) => record);
    const compressing: LogWriter = {
      append: (tp, batch) => writer.append(tp, batch, { compressed }),
    };
    return persist({ ...deps, writer: compressing }, target, records, () => open);
  }

  async function deliverLess(letter: Letter, error: AppError): Promise<void> {
    const { entry } = letter;
    if (error.code === 'RECORD_TOO_LARGE') {
      for (let form = letter.form + 1; form < FORMS.length; form += 1) {
        const shorter = await write(entry, form);
        if (shorter.bytes >= letter.bytes) continue;
        warnOnce(error);
        return deliver([shorter]);
      }
    }
    if (!open) return;
    refused.set(entry, describe(error));
    aside.push(entry);
    if (aside.length === 1) cancelPause = clock.after(pause, sendAgain);
    tell();
  }

  function warnOnce({ message }: AppError): void {
    if (!warned) logger.warn('dead letters are cut to what their topic takes', { error: message });
    warned = true;
  }

  function sendAgain(): void {
    pause = Math.min(MAX_PAUSE_MS, 2 * pause);
    for (const entry of aside) waiting.push(entry);
    aside = [];
    if (!sending) void sendAll();
  }

  function settled(entry: Entry): void {
    if (!refused.delete(entry)) return;
    if (refused.size === 0) pause = FIRST_PAUSE_MS;
    tell();
  }

  function tell(): void {
    onProblem(wordsFor(refused));
  }

  function wordsFor([first]: typeof refused): string | null {
    if (first === undefined) return null;
    const [{ order }, words] = first;
    const orders = `${refused.size} orders of ${nameOf(source)} wait`;
    return `${orders}, their dead letters are refused; at offset ${order.record.offset}: ${words}`;
  }

  return {
    send(order, cause) {
      waiting.push({ order, cause });
      if (!sending && open) void sendAll();
    },
    close() {
      open = false;
      cancelPause();
      waiting.length = 0;
      aside = [];
      if (refused.size > 0) onProblem(null);
      refused.clear();
    },
  };
}

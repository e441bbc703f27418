// Orders on their way to the dead-letter topic: sent in batches, one at a time, until Kafka has them.
// What the topic refuses is sent in halves, alone, and then in a shorter form; an order that it refuses
// even so waits by itself, and the others go on.

import { AppError, describe } from '../errors.ts';
import { createAbort } from '../log/abortable.ts';
import type { Author, DeadLetterCause } from '../log/dead-letter.ts';
import { FORMS } from '../log/dead-letter-form.ts';
import type { LogWriter, TopicPartition } from '../log/ports.ts';
import type { RecordHeader } from '../record-batch/record.ts';
import { type Entry, MAX_BATCH_RECORDS, type WrittenLetter, writeLetter } from './letter.ts';
import type { Pending } from './pending.ts';
import { persist } from './persist.ts';
import { createRefused } from './refused.ts';
import type { Outlets, Runtime } from './task-deps.ts';

export type DeadLetterOutbox = {
  send(order: Pending, cause: DeadLetterCause): void;
  /** Sends nothing more; what is on its way may still arrive. */
  close(): void;
};

const MAX_BATCH_BYTES = 512 * 1024;

/** An outbox of one partition; `onFailed` hears of a programmer's error. */
export function createDeadLetterOutbox(
  deps: Omit<Runtime, 'instruments'> &
    Outlets & {
      source: TopicPartition;
      target: TopicPartition;
      author: Author;
      writer: LogWriter;
      /** Headers that name the trace in which an order failed. */
      traceOf: (offset: number) => readonly RecordHeader[];
      /** Whether the order still waits for its dead letter: it may have been read from elsewhere. */
      isPending: (order: Pending) => boolean;
    },
): DeadLetterOutbox {
  const { target, writer, logger, isPending, onFailed } = deps;
  const waiting: Entry[] = [];
  const closing = createAbort();
  const { signal } = closing;
  const refused = createRefused({ ...deps, sendAgain: enqueue });
  let warned = false;
  let sending = false;

  function enqueue(entries: readonly Entry[]): void {
    for (const entry of entries) waiting.push(entry);
    if (!sending && !signal.aborted) void sendAll();
  }

  async function sendAll(): Promise<void> {
    sending = true;
    try {
      // Those that are given up in the same tick go together.
      await Promise.resolve();
      while (!signal.aborted && waiting.length > 0) await deliver(await nextBatch());
    } catch (error) {
      onFailed(error);
    } finally {
      sending = false;
    }
  }

  /** As many as fit; the first is taken however large it is. */
  async function nextBatch(): Promise<WrittenLetter[]> {
    const letters: WrittenLetter[] = [];
    let bytes = 0;
    let taken = 0;
    for (const entry of waiting) {
      if (letters.length === MAX_BATCH_RECORDS) break;
      if (isPending(entry.order)) {
        const letter = await writeLetter(deps, entry, 0);
        bytes += letter.bytes;
        if (letters.length > 0 && bytes > MAX_BATCH_BYTES) break;
        letters.push(letter);
      } else refused.remove(entry);
      taken += 1;
    }
    waiting.splice(0, taken);
    return letters;
  }

  async function deliver(letters: readonly WrittenLetter[]): Promise<void> {
    if (signal.aborted || letters.length === 0) return;
    try {
      await append(letters);
      for (const { entry } of letters) refused.remove(entry);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof AppError)) throw error;
      const half = letters.length >> 1;
      if (half === 0) return deliverLess(letters[0]!, error);
      await deliver(letters.slice(0, half));
      await deliver(letters.slice(half));
    }
  }

  /** Compressed when the originals were, or when it is a large letter that stands alone. */
  function append(letters: readonly WrittenLetter[]): Promise<number | undefined> {
    const compressed = letters.some(
      (letter) => (letter.entry.order.record.codec ?? 0) > 0 || letter.bytes > MAX_BATCH_BYTES,
    );
    const records = letters.map(({ record }) => record);
    const compressing: LogWriter = {
      append: (tp, batch) => writer.append(tp, batch, { compressed }),
    };
    return persist({ ...deps, writer: compressing }, target, records, signal);
  }

  async function deliverLess(
    { entry, form, bytes }: WrittenLetter,
    error: AppError,
  ): Promise<void> {
    if (error.code === 'RECORD_TOO_LARGE') {
      for (let next = form + 1; next < FORMS.length; next += 1) {
        const shorter = await writeLetter(deps, entry, next);
        if (shorter.bytes >= bytes) continue;
        warnOnce(error);
        return deliver([shorter]);
      }
    }
    if (!signal.aborted) refused.add(entry, describe(error));
  }

  function warnOnce({ message }: AppError): void {
    if (!warned) logger.warn('dead letters are cut to what their topic takes', { error: message });
    warned = true;
  }

  return {
    send: (order, cause) => enqueue([{ order, cause }]),
    close() {
      closing.abort();
      waiting.length = 0;
      refused.close();
    },
  };
}

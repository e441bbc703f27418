// Orders on their way to the dead-letter topic: sent in batches, one at a time, until Kafka has them. One that
// the topic refuses waits by itself, and the others go on.

import { createAbort } from '../log/abortable.ts';
import type { Author, DeadLetterCause } from '../log/dead-letter.ts';
import type { LogWriter, TopicPartition } from '../log/ports.ts';
import type { RecordHeader } from '../record-batch/record.ts';
import { createDelivery, MAX_BATCH_BYTES } from './delivery.ts';
import { type Entry, MAX_BATCH_RECORDS, type WrittenLetter, writeLetter } from './letter.ts';
import type { Pending } from './pending.ts';
import { createRefused } from './refused.ts';
import type { Outlets, Runtime } from './task-deps.ts';

export type DeadLetterOutbox = {
  send(order: Pending, cause: DeadLetterCause): void;
  /** Sends nothing more; what is on its way may still arrive. */
  close(): void;
};

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
  const { isPending, onFailed } = deps;
  const waiting: Entry[] = [];
  const closing = createAbort();
  const { signal } = closing;
  const refused = createRefused({ ...deps, sendAgain: enqueue });
  const deliver = createDelivery({ ...deps, refused, signal });
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

  return {
    send: (order, cause) => enqueue([{ order, cause }]),
    close() {
      closing.abort();
      waiting.length = 0;
      refused.close();
    },
  };
}

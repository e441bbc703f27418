// Sends a batch of letters until Kafka has them. What the topic refuses is sent in halves, alone, and then in a
// shorter form.
import { AppError, describe } from '../errors.ts';
import type { Author } from '../log/dead-letter.ts';
import { FORMS } from '../log/dead-letter-form.ts';
import type { LogWriter, TopicPartition } from '../log/ports.ts';
import type { RecordHeader } from '../record-batch/record.ts';
import { type WrittenLetter, writeLetter } from './letter.ts';
import { persist } from './persist.ts';
import type { Refused } from './refused.ts';
import type { Runtime } from './task-deps.ts';

export const MAX_BATCH_BYTES = 512 * 1024;

/** Resolves when Kafka has the letters, or `refused` those that it does not take; or when `signal` is aborted. */
export function createDelivery(
  deps: Omit<Runtime, 'instruments'> & {
    source: TopicPartition;
    target: TopicPartition;
    author: Author;
    writer: LogWriter;
    traceOf: (offset: number) => readonly RecordHeader[];
    refused: Pick<Refused, 'add' | 'remove'>;
    signal: AbortSignal;
  },
): (letters: readonly WrittenLetter[]) => Promise<void> {
  const { target, writer, logger, refused, signal } = deps;
  let warned = false;

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

  return deliver;
}

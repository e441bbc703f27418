// An append that has to succeed: repeated with backoff until it does.
import { AppError, describe } from '../errors.ts';
import { abortable } from '../log/abortable.ts';
import { type LogWriter, nameOf, type TopicPartition } from '../log/ports.ts';
import { retry } from '../log/retry.ts';
import type { RecordContent } from '../record-batch/record.ts';
import type { Runtime } from './task-deps.ts';

const BACKOFF = { firstMs: 100, maxMs: 5000 };
/** A record without a time of its own; brokers take it whatever they ask of times. */
const NO_TIMESTAMP = -1;

type Ground = Omit<Runtime, 'instruments'> & { readonly writer: LogWriter };

/**
 * Appends until the broker has acknowledged, or until `signal` says that nobody waits any more (then
 * undefined, at once; what is on its way may still arrive). Records may be written twice. A broker that
 * refuses their time (KIP-937: more than an hour ahead of its own) gets them without one, because nothing
 * here depends on it. Rejects only with what trying again cannot mend.
 */
export async function persist(
  deps: Ground,
  tp: TopicPartition,
  records: readonly RecordContent[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const writing = deps.progress.begin('write', tp);
  try {
    return await abortable(signal, appendUntilDone(deps, tp, records, signal, writing.failed));
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    writing.done();
  }
}

async function appendUntilDone(
  { writer, clock, random, logger, progress }: Ground,
  tp: TopicPartition,
  records: readonly RecordContent[],
  signal: AbortSignal,
  onRefused: (error: unknown) => void,
): Promise<number> {
  const wrongClock = `the time of records for ${nameOf(tp)} is refused`;
  let timed = true;

  function failed(error: unknown): void {
    onRefused(error);
    logger.debug('append failed, trying again', { ...tp, error: describe(error) });
  }

  async function append(): Promise<number> {
    try {
      const offset = await writer.append(tp, timed ? records : records.map(withoutTime));
      if (timed) progress.note(wrongClock, null);
      return offset;
    } catch (error) {
      const isTime = error instanceof AppError && error.code === 'INVALID_TIMESTAMP';
      if (!timed || !isTime) throw error;
      timed = false;
      failed(error);
      const words = 'the clock of this machine may be wrong; they are written without one';
      progress.note(wrongClock, `${wrongClock}: ${words}`);
      signal.throwIfAborted();
      return append();
    }
  }

  return retry(append, { clock, random, signal, ...BACKOFF, failed });
}

function withoutTime(record: RecordContent): RecordContent {
  return { ...record, timestamp: NO_TIMESTAMP };
}

// An append that has to succeed: repeated with backoff until it does.
import { AppError, describe, isRetriable } from '../errors.ts';
import { type Clock, delay } from '../log/clock.ts';
import type { Logger } from '../log/logger.ts';
import { type LogWriter, nameOf, type TopicPartition } from '../log/ports.ts';
import type { Progress } from '../log/progress.ts';
import type { RecordContent } from '../record-batch/record.ts';

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5000;
/** A record without a time of its own; brokers take it whatever they ask of times. */
const NO_TIMESTAMP = -1;

/**
 * Appends until the broker has acknowledged, or `isOpen` says that nobody waits any more (then
 * undefined). Records may be written twice. A broker that refuses their time (KIP-937: more than an
 * hour ahead of its own) gets them without one, because nothing here depends on it. Rejects only with
 * what trying again cannot mend.
 */
export async function persist(
  deps: {
    writer: LogWriter;
    clock: Clock;
    random: () => number;
    logger: Logger;
    progress: Progress;
  },
  tp: TopicPartition,
  records: readonly RecordContent[],
  isOpen: () => boolean,
): Promise<number | undefined> {
  const { writer, clock, random, logger, progress } = deps;
  const wrongClock = `the time of records for ${nameOf(tp)} is refused`;
  const writing = progress.begin('write', tp);
  let timed = true;
  try {
    for (let attempt = 0; isOpen(); attempt += 1) {
      try {
        const offset = await writer.append(tp, timed ? records : records.map(withoutTime));
        if (timed) progress.note(wrongClock, null);
        return offset;
      } catch (error) {
        if (!isRetriable(error)) throw error;
        writing.failed(error);
        logger.debug('append failed, trying again', { ...tp, error: describe(error) });
        if (timed && error instanceof AppError && error.code === 'INVALID_TIMESTAMP') {
          timed = false;
          const words = 'the clock of this machine may be wrong; they are written without one';
          progress.note(wrongClock, `${wrongClock}: ${words}`);
          continue;
        }
        const ceiling = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
        await delay(clock, ceiling * (0.5 + random() / 2));
      }
    }
    return undefined;
  } finally {
    writing.done();
  }
}

function withoutTime(record: RecordContent): RecordContent {
  return { ...record, timestamp: NO_TIMESTAMP };
}

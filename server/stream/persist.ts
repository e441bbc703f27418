// An append that has to succeed: repeated with backoff until it does.
import { describe, isRetriable } from '../errors.ts';
import type { RecordContent } from '../record-batch/record.ts';
import { type Clock, delay } from './clock.ts';
import type { LogWriter, TopicPartition } from './log.ts';
import type { Logger } from './logger.ts';

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5000;

/**
 * Appends until the broker has acknowledged, or `isOpen` says that nobody waits any more (then
 * undefined). Records may be written twice. Rejects only with what trying again cannot mend.
 */
export async function persist(
  deps: { writer: LogWriter; clock: Clock; random: () => number; logger: Logger },
  tp: TopicPartition,
  records: readonly RecordContent[],
  isOpen: () => boolean,
): Promise<number | undefined> {
  const { writer, clock, random, logger } = deps;
  for (let attempt = 0; isOpen(); attempt += 1) {
    try {
      return await writer.append(tp, records);
    } catch (error) {
      if (!isRetriable(error)) throw error;
      if (attempt === 0)
        logger.warn('append failed, trying again', { ...tp, error: describe(error) });
      const ceiling = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
      await delay(clock, ceiling * (0.5 + random() / 2));
    }
  }
  return undefined;
}

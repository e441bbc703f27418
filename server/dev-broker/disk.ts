import { ErrorCode } from './error-code.ts';
import type { Logger } from './logger.ts';

/** On a nearly full disk one write fails and the next one fits: the log gets a line at most this often. */
const BETWEEN_REFUSALS_MS = 10_000;
/** After so long without a refusal it is over, whatever was written. */
const QUIET_MS = 60_000;

export type Disk = ReturnType<typeof createDisk>;

/**
 * Turns what the file system refuses into Kafka's code for it, and says when that begins and ends:
 * when as much could be written as was refused. `now` is monotonic, in ms.
 */
export function createDisk(logger: Logger, now: () => number = () => performance.now()) {
  let refused: { readonly why: string; readonly bytes: number; readonly at: number } | null = null;
  let isSaid = false;
  let saidAt = Number.NEGATIVE_INFINITY;

  function say(): void {
    if ((refused !== null) === isSaid) return;
    if (refused && now() - saidAt < BETWEEN_REFUSALS_MS) return;
    if (refused) logger.error('embedded broker: the disk refuses', { error: refused.why });
    else logger.info('embedded broker: the disk is back');
    isSaid = refused !== null;
    saidAt = now();
  }

  function refuse(why: string, bytes: number): void {
    refused = { why, bytes: Math.min(bytes, refused?.bytes ?? bytes), at: now() };
    say();
  }

  function guard(work: () => void, bytes: number): ErrorCode {
    try {
      work();
      return ErrorCode.NONE;
    } catch (error) {
      // Anything else is a mistake in this code.
      if (!(error instanceof Error && 'syscall' in error)) throw error;
      refuse(error.message, bytes);
      return ErrorCode.KAFKA_STORAGE_ERROR;
    }
  }

  return {
    /** Runs a write of about so many bytes. */
    attempt(write: () => void, bytes = 0): ErrorCode {
      const error = guard(write, bytes);
      if (error !== ErrorCode.NONE || !refused) return error;
      if (bytes >= refused.bytes || now() - refused.at > QUIET_MS) refused = null;
      say();
      return error;
    },
    /** Runs a read. That it works does not mean that there is room again. */
    read: (read: () => void): ErrorCode => guard(read, Number.POSITIVE_INFINITY),
    /** What a flush met later on. */
    flushFailed: (error: Error) => refuse(error.message, 0),
    /** To be called now and then: says what was held back. */
    tick: say,
  };
}

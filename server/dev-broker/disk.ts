import { ErrorCode } from './error-code.ts';
import type { Logger } from './logger.ts';

export type Disk = ReturnType<typeof createDisk>;

/** Turns writes that the file system refuses into Kafka's code for it; said once until one succeeds. */
export function createDisk(logger: Logger) {
  let refused = false;
  return {
    attempt(write: () => void): ErrorCode {
      try {
        write();
      } catch (error) {
        // Anything else is a mistake in this code.
        if (!(error instanceof Error && 'syscall' in error)) throw error;
        if (!refused) logger.error('embedded broker cannot write', { error: error.message });
        refused = true;
        return ErrorCode.KAFKA_STORAGE_ERROR;
      }
      if (refused) logger.info('embedded broker can write again');
      refused = false;
      return ErrorCode.NONE;
    },
  };
}

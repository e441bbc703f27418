import { ErrorCode } from './error-code.ts';
import type { Logger } from './logger.ts';

export type Disk = ReturnType<typeof createDisk>;

/** Turns what the file system refuses into Kafka's code for it; says so once until it allows again. */
export function createDisk(logger: Logger) {
  let refused = false;
  return {
    attempt(write: () => void): ErrorCode {
      try {
        write();
      } catch (error) {
        // Anything else is a mistake in this code.
        if (!(error instanceof Error && 'syscall' in error)) throw error;
        if (!refused) logger.error('embedded broker: the disk refuses', { error: error.message });
        refused = true;
        return ErrorCode.KAFKA_STORAGE_ERROR;
      }
      if (refused) logger.info('embedded broker: the disk is back');
      refused = false;
      return ErrorCode.NONE;
    },
  };
}

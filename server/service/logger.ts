// The logger: JSON lines for machines, readable lines on a terminal.
import { pino } from 'pino';
import type { LogLevel } from '../config.ts';
import type { Logger } from '../log/logger.ts';

/** A logger that may be told to say more or less while it runs. */
export type ProcessLogger = Logger & { level: LogLevel };

/** Writes structured lines to standard output; user text stays in fields, never in the message. */
export function createLogger(level: LogLevel, terminal: boolean): ProcessLogger {
  const pretty = {
    target: 'pino-pretty',
    options: { ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' },
  };
  const logger = pino({ level, base: null, ...(terminal ? { transport: pretty } : {}) });
  return {
    get level() {
      return logger.level as LogLevel;
    },
    set level(next) {
      logger.level = next;
    },
    debug: (message, fields) => logger.debug(fields, message),
    info: (message, fields) => logger.info(fields, message),
    warn: (message, fields) => logger.warn(fields, message),
    error: (message, fields) => logger.error(fields, message),
  };
}

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
  const options = { level, base: null };
  const logger = terminal ? pino({ ...options, transport: pretty }) : pino(options, lines());
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

/** What is kept for a standard output that takes nothing at the moment; beyond that lines are dropped. */
const MAX_KEPT_BYTES = 2 ** 20;

/** Standard output. A full disk or a broken pipe there costs lines, and nothing else. */
function lines() {
  const destination = pino.destination({ dest: 1, sync: true, maxLength: MAX_KEPT_BYTES });
  return destination.on('error', () => {});
}

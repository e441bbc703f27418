type Log = (message: string, fields?: Record<string, unknown>) => void;

/** Where the broker says what it does. */
export type Logger = {
  readonly debug: Log;
  readonly info: Log;
  readonly warn: Log;
  readonly error: Log;
};

type Say = (message: string, fields?: Record<string, unknown>) => void;

/** Where the broker says what it does. */
export type Logger = {
  readonly debug: Say;
  readonly info: Say;
  readonly warn: Say;
  readonly error: Say;
};

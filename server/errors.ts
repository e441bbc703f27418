// The errors of this project: a class for who has to act on it, a stable code, whether trying again
// can help, and the cause.

type Options = { cause?: unknown };

/** Base of all errors this project throws on purpose. */
export class AppError extends Error {
  readonly code: string;
  readonly retriable: boolean;
  constructor(code: string, message: string, retriable: boolean, options?: Options) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.retriable = retriable;
  }
}

/** The environment asks for something impossible; the message lists every fault. */
export class ConfigError extends AppError {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super('CONFIG', `invalid configuration:\n${faults.map((f) => `  - ${f}`).join('\n')}`, false);
    this.faults = faults;
  }
}

/** A failure that may pass: the order is tried again. Thrown by the order handler. */
export class TransientError extends AppError {
  constructor(message: string, options?: Options) {
    super('TRANSIENT', message, true, options);
  }
}

/** A failure that will not pass: the order becomes a dead letter at once. Thrown by the handler. */
export class PermanentError extends AppError {
  constructor(message: string, options?: Options) {
    super('PERMANENT', message, false, options);
  }
}

/** A state of Kafka in which going on would give wrong numbers (topic recreated, state of another group). */
export class InconsistentStateError extends AppError {
  constructor(message: string, options?: Options) {
    super('INCONSISTENT_STATE', message, false, options);
  }
}

const programmerErrors = [TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError];
const programmerNames = new Set(programmerErrors.map(({ name }) => name));

/**
 * A mistake in the code, not in the world: never retried, never a dead letter, stops the task. Errors of
 * another realm (node:vm, a test runner's sandbox) are instances of none of our classes: what they are
 * is known by the name of their class.
 */
export function isProgrammerError(error: unknown): boolean {
  if (programmerErrors.some((type) => error instanceof type)) return true;
  if (error instanceof Error || !isError(error)) return false;
  let type = Object.getPrototypeOf(error);
  for (; type !== null; type = Object.getPrototypeOf(type)) {
    if (programmerNames.has(type.name)) return true;
  }
  return false;
}

/** Whether it is an error, also one of another realm. */
export function isError(error: unknown): error is Error {
  return error instanceof Error || Object.prototype.toString.call(error) === '[object Error]';
}

/**
 * Whether trying again can help; total over everything that can be thrown. An error says so itself by
 * `retriable`; programmer errors never; an unknown Error may pass (it is bounded by MAX_RETRIES).
 */
export function isRetriable(error: unknown): boolean {
  if (!isError(error) || isProgrammerError(error)) return false;
  return 'retriable' in error ? error.retriable === true : true;
}

/** What was thrown, in words; total over everything that can be thrown. */
export function describe(error: unknown): string {
  return inWords(() => (error instanceof Error ? error.message || error.name : error));
}

/** The name of an error's class, or what else was thrown; total as well. */
export function className(error: unknown): string {
  return inWords(() => (error instanceof Error ? error.name : typeof error));
}

/** An object without a prototype has no text, and a message may be anything. */
function inWords(read: () => unknown): string {
  try {
    return String(read());
  } catch {
    return 'something that has no text';
  }
}

// Why a record becomes a dead letter: a reason, which is a row of a table, and what was found in it.
import type { Unready } from './unready.ts';

/**
 * Larger values are never decoded, and a value up to this size is never cut in its dead letter: it may
 * have been counted elsewhere, and is then taken back by what its dead letter holds.
 */
export const MAX_VALUE_BYTES = 64 * 1024;

/** Where it was noticed: `decode` and `validate` never reach the handler, `process` is the handler's. */
export type Stage = 'decode' | 'validate' | 'process';

export type Disposition = 'undecodable' | 'invalid' | 'permanent' | 'retries_exhausted';

/** A kind of fault. `code` is a published contract and never changes its meaning. */
export type Reason = {
  readonly code: string;
  readonly stage: Stage;
  readonly disposition: Disposition;
  /** What it means, for people. */
  readonly words: string;
};

/**
 * One fault: of which kind, and what was found where. `askOn` is there when the same bytes may have a value at
 * another time: it asks until they have one, for whoever knows that they had one before.
 */
export class Fault {
  readonly reason: Reason;
  readonly found: string;
  readonly askOn: (() => Unready) | undefined;
  constructor(reason: Reason, found: string, askOn?: () => Unready) {
    this.reason = reason;
    this.found = found;
    this.askOn = askOn;
  }
  /** As it is written beside a dead letter: the code first. */
  get text(): string {
    return `${this.reason.code}: ${this.found}`;
  }
}

/** The core's own reasons; the business adds its table. */
export const CORE_REASONS = {
  TOO_BIG: {
    code: 'TOO_BIG',
    stage: 'decode',
    disposition: 'undecodable',
    words: 'the value is larger than any that is read',
  },
  MALFORMED: {
    code: 'MALFORMED',
    stage: 'decode',
    disposition: 'undecodable',
    words: 'the bytes are not what they should be',
  },
  RETRIES_EXHAUSTED: {
    code: 'RETRIES_EXHAUSTED',
    stage: 'process',
    disposition: 'retries_exhausted',
    words: 'the handler failed at every attempt',
  },
  PERMANENT: {
    code: 'PERMANENT',
    stage: 'process',
    disposition: 'permanent',
    words: 'the handler says that it will not succeed',
  },
} as const satisfies Record<string, Reason>;

/**
 * The fault of a record that is not as it was written (see `Flaws` of record-batch/record.ts): `cut`
 * when its value was too large to be kept, `fault` when it breaks inside. Null when it is neither.
 */
export function flawOf(
  cut: { readonly valueBytes: number } | null | undefined,
  fault: string | null | undefined,
): Fault | null {
  if (cut) {
    const found = `the value has ${cut.valueBytes} bytes, at most ${MAX_VALUE_BYTES} are read`;
    return new Fault(CORE_REASONS.TOO_BIG, fault ? `${found}; ${fault}` : found);
  }
  return fault ? new Fault(CORE_REASONS.MALFORMED, `the record itself: ${fault}`) : null;
}

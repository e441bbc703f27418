// Dead letters: what is written beside the original bytes, how it is read back, and the newest of
// them for display.
import { decodeOrder, isFault, type OrderFault, type OrderStage } from './order.ts';

/** Header names and values are bytes: Kafka checks neither. */
type Header = { readonly key: Buffer; readonly value: Buffer | null };

/** Where the original record stands. */
export type Origin = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
};

export type Disposition = 'undecodable' | 'invalid' | 'permanent' | 'retries_exhausted';

/** Why an order was given up; times in ms since 1970. */
export type DeadLetterCause = {
  readonly stage: OrderStage | 'process';
  readonly disposition: Disposition;
  /** Starts with a stable code. */
  readonly reason: string;
  readonly exceptionClass: string;
  readonly exceptionMessage: string;
  /** Handler calls made; 0 when it never came to one. */
  readonly attempts: number;
  readonly firstFailedAt: number;
  readonly lastFailedAt: number;
};

/** Who gave it up. */
export type Author = { readonly group: string; readonly app: string; readonly instance: string };

/** A dead letter as it stands in the topic; what its headers do not tell is null. */
export type DeadLetter = {
  /** Its place in the dead-letter topic. */
  readonly partition: number;
  readonly offset: number;
  /** When it was written, ms since 1970. */
  readonly timestamp: number;
  readonly orderId: string | null;
  readonly reason: string;
  readonly group: string | null;
  readonly origin: Origin | null;
  readonly disposition: Disposition | null;
  readonly attempts: number | null;
};

const REASON = 'errorReason';
const PREFIX = 'orders.errors.';

/** The headers that `readOrigin` looks at. */
export const ORIGIN_HEADERS: readonly Buffer[] = ['group', 'topic', 'partition', 'offset'].map(
  (name) => Buffer.from(`${PREFIX}${name}`),
);

/** The cause of a dead letter for bytes that are not an order. */
export function causeOfFault(fault: OrderFault, now: number): DeadLetterCause {
  return {
    stage: fault.stage,
    disposition: fault.stage === 'decode' ? 'undecodable' : 'invalid',
    reason: fault.reason,
    exceptionClass: 'OrderFault',
    exceptionMessage: fault.reason,
    attempts: 0,
    firstFailedAt: now,
    lastFailedAt: now,
  };
}

/**
 * Headers of a dead letter: the original ones, repeated names included, without those an earlier
 * failure left, then ours.
 */
export function deadLetterHeaders(
  origin: Origin & { readonly timestamp: number },
  cause: DeadLetterCause,
  author: Author,
  original: readonly Header[],
): Header[] {
  const own: [string, string | number][] = [
    [REASON, cause.reason],
    [`${PREFIX}topic`, origin.topic],
    [`${PREFIX}partition`, origin.partition],
    [`${PREFIX}offset`, origin.offset],
    [`${PREFIX}timestamp`, origin.timestamp],
    [`${PREFIX}group`, author.group],
    [`${PREFIX}stage`, cause.stage],
    [`${PREFIX}disposition`, cause.disposition],
    [`${PREFIX}attempts`, cause.attempts],
    [`${PREFIX}exception.class`, cause.exceptionClass],
    [`${PREFIX}exception.message`, cause.exceptionMessage],
    [`${PREFIX}first-failed-at`, new Date(cause.firstFailedAt).toISOString()],
    [`${PREFIX}last-failed-at`, new Date(cause.lastFailedAt).toISOString()],
    [`${PREFIX}app`, author.app],
    [`${PREFIX}instance`, author.instance],
  ];
  const foreign = original.filter(({ key }) => !isOwn(key.toString('latin1')));
  return [
    ...foreign,
    ...own.map(([key, value]) => ({ key: Buffer.from(key), value: Buffer.from(String(value)) })),
  ];
}

function isOwn(name: string): boolean {
  return name === REASON || name.startsWith(PREFIX);
}

/** The original place and the group that gave it up, or null when the headers do not tell. */
export function readOrigin(headers: readonly Header[]): { group: string; origin: Origin } | null {
  const own = ownHeaders(headers);
  const group = own.get(`${PREFIX}group`);
  const topic = own.get(`${PREFIX}topic`);
  const partition = naturalNumber(own.get(`${PREFIX}partition`));
  const offset = naturalNumber(own.get(`${PREFIX}offset`));
  if (group === undefined || topic === undefined || partition === null || offset === null) {
    return null;
  }
  return { group, origin: { topic, partition, offset } };
}

/** What a record of the dead-letter topic says. */
export function readDeadLetter(
  partition: number,
  record: {
    readonly offset: number;
    readonly timestamp: number;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: readonly Header[];
  },
): DeadLetter {
  const own = ownHeaders(record.headers);
  const from = readOrigin(record.headers);
  return {
    partition,
    offset: record.offset,
    timestamp: record.timestamp,
    orderId: orderIdOf(record.key, record.value),
    reason: own.get(REASON) ?? 'no reason given',
    group: from?.group ?? null,
    origin: from?.origin ?? null,
    disposition: toDisposition(own.get(`${PREFIX}disposition`)),
    attempts: naturalNumber(own.get(`${PREFIX}attempts`)),
  };
}

function ownHeaders(headers: readonly Header[]): Map<string, string> {
  const own = new Map<string, string>();
  for (const { key, value } of headers) {
    const name = key.toString('latin1');
    if (value !== null && isOwn(name)) own.set(name, value.toString('utf8'));
  }
  return own;
}

function naturalNumber(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

const DISPOSITIONS = ['undecodable', 'invalid', 'permanent', 'retries_exhausted'] as const;

function toDisposition(text: string | undefined): Disposition | null {
  return DISPOSITIONS.find((disposition) => disposition === text) ?? null;
}

/** The id in the value, or the key, by which producers repeat it, when the value cannot be read. */
function orderIdOf(key: Buffer | null, value: Buffer | null): string | null {
  const order = value === null ? null : decodeOrder(value, 0, value.length);
  if (order !== null && !isFault(order)) return order.orderId;
  const text = key?.toString('utf8') ?? '';
  return /^[\x20-\x7e]{1,128}$/.test(text) ? text : null;
}

export type DeadLetterRing = {
  /** Takes one in; false for a second copy, or when it is older than all of a full ring. */
  add(letter: DeadLetter): boolean;
  newest(limit: number): DeadLetter[];
};

/** The newest `size` dead letters, without second copies of the same original. */
export function createDeadLetterRing(size: number): DeadLetterRing {
  const oldestFirst: DeadLetter[] = [];
  const keys = new Set<string>();
  return {
    add(letter) {
      const key = keyOf(letter);
      if (keys.has(key)) return false;
      let at = oldestFirst.length;
      while (at > 0 && newestFirst(oldestFirst[at - 1]!, letter) < 0) at -= 1;
      if (at === 0 && oldestFirst.length >= size) return false;
      oldestFirst.splice(at, 0, letter);
      keys.add(key);
      if (oldestFirst.length > size) keys.delete(keyOf(oldestFirst.shift()!));
      return true;
    },
    newest: (limit) => oldestFirst.slice(-limit).reverse(),
  };
}

function keyOf({ group, origin, partition, offset }: DeadLetter): string {
  return origin === null
    ? `at ${partition} ${offset}`
    : JSON.stringify([group, origin.topic, origin.partition, origin.offset]);
}

/** Compares two dead letters so that sorting puts the newest first. */
function newestFirst(a: DeadLetter, b: DeadLetter): number {
  return b.timestamp - a.timestamp || b.partition - a.partition || b.offset - a.offset;
}

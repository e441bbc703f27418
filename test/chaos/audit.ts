// What must be true in the end, worked out from the topics as kcat reads them.
import { createHash } from 'node:crypto';
import type { Metrics } from '../../server/http/contract.ts';
import { type Expected, expected, judge, type ReadRecord } from '../fixtures/oracle.ts';
import type { OtherClient, ReadHeader } from '../fixtures/other-client.ts';

export type TopicNames = {
  readonly orders: string;
  readonly deadLetters: string;
  readonly checkpoints: string;
  readonly group: string;
};

/** The facts: what has to be counted, what is dead-lettered, and what is wrong in the topics already. */
export type Facts = {
  readonly counted: Expected;
  /** Origins, as `partition-offset`. */
  readonly deadLettered: ReadonlySet<string>;
  /** Dead letters by reason code. */
  readonly reasons: ReadonlyMap<string, number>;
  /** Records of redriven orders that had been redriven before, as `partition-offset`. */
  readonly copies: ReadonlySet<string>;
  readonly lost: number;
  readonly faults: readonly string[];
};

const PREFIX = 'orders.errors.';
const HANDLER_REASONS = ['RETRIES_EXHAUSTED', 'PRODUCT_LIMIT'];
const MAX_SHOWN = 5;
/** What is longer is no order and may be cut. */
const MAX_ORDER_BYTES = 65_536;

/** Orders that retention has taken, and which of them the service cannot have counted. */
export type Removed = {
  readonly records: readonly ReadRecord[];
  readonly isLost: (record: ReadRecord) => boolean;
};

/** Reads orders and dead letters. */
export async function readFacts(
  kcat: OtherClient,
  names: TopicNames,
  removed: Removed = { records: [], isLost: () => false },
): Promise<Facts> {
  const there = await kcat.read(names.orders);
  const known = new Map([...removed.records, ...there].map((record) => [placeOf(record), record]));
  const headers = await kcat.readHeaders(names.deadLetters);
  const faults: string[] = [];
  const deadLettered = new Set<string>();
  const reasons = new Map<string, number>();

  for (const letter of await kcat.read(names.deadLetters)) {
    const own = new Map(headers.get(placeOf(letter)));
    if (own.get(`${PREFIX}group`) !== names.group) continue;
    const origin = `${own.get(`${PREFIX}partition`)}-${own.get(`${PREFIX}offset`)}`;
    const fault = faultOf(letter, known.get(origin), own);
    if (fault !== null) faults.push(`dead letter ${placeOf(letter)} of order ${origin}: ${fault}`);
    const code = reasonCode(own);
    reasons.set(code, (reasons.get(code) ?? 0) + 1);
    deadLettered.add(origin);
  }
  const copies = copiesIn(await kcat.readHeaders(names.orders));
  const alive = [...known]
    .filter(([place]) => !deadLettered.has(place) && !copies.has(place))
    .map(([, order]) => order);
  const counted = expected(alive.filter((order) => !removed.isLost(order)));
  const lost = alive.filter((order) => removed.isLost(order)).length;
  for (const [place, reason] of counted.bad)
    faults.push(`order ${place} is ${reason} and no dead letter`);
  return { counted, deadLettered, reasons, copies, lost, faults };
}

/** Of the redriven records of one order all but the first. */
function copiesIn(headers: ReadonlyMap<string, readonly ReadHeader[]>): Set<string> {
  const seen = new Set<string>();
  const copies = new Set<string>();
  const places = [...headers.keys()].sort(
    (a, b) => Number(a.split('-')[1]) - Number(b.split('-')[1]),
  );
  for (const place of places) {
    const origin = new Map(headers.get(place)).get('orders.redrive.origin');
    if (origin === undefined) continue;
    const order = `${place.split('-')[0]}-${origin}`;
    if (seen.has(order)) copies.add(place);
    seen.add(order);
  }
  return copies;
}

function placeOf({ partition, offset }: ReadRecord): string {
  return `${partition}-${offset}`;
}

type Headers = ReadonlyMap<ReadHeader[0], ReadHeader[1]>;

function reasonCode(headers: Headers): string {
  return /^\w+/.exec(headers.get('errorReason') ?? '')?.[0] ?? 'none';
}

function faultOf(
  letter: ReadRecord,
  order: ReadRecord | undefined,
  headers: Headers,
): string | null {
  if (order === undefined) return 'there is no such order';
  if (order.partition !== letter.partition) return 'another partition';
  if (!isSame(order.key, letter.key)) return 'another key';
  if (!isSame(order.value, letter.value) && !isCutFrom(order.value, letter.value, headers))
    return 'another value';
  const code = reasonCode(headers);
  const verdict = judge(order.value);
  const right = 'reason' in verdict ? [verdict.reason] : HANDLER_REASONS;
  return right.includes(code) ? null : `reason ${code} instead of ${right.join(' or ')}`;
}

/** Whether a value is the first bytes of another, and its headers tell length and hash of that one. */
function isCutFrom(whole: Buffer | null, cut: Buffer | null, headers: Headers): boolean {
  if (whole === null || cut === null || whole.length <= MAX_ORDER_BYTES) return false;
  return (
    cut.equals(whole.subarray(0, cut.length)) &&
    headers.get(`${PREFIX}value.bytes`) === `${whole.length}` &&
    headers.get(`${PREFIX}value.sha256`) === createHash('sha256').update(whole).digest('hex')
  );
}

function isSame(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}

/** Where the service says something else than the facts; empty when all is well. */
export function differences(
  { counted, deadLettered, copies, lost, faults }: Facts,
  metrics: Metrics,
): string[] {
  const found = [...faults];
  const compare = (what: string, is: unknown, should: unknown) => {
    if (is !== should) found.push(`${what} is ${is}, must be ${should}`);
  };
  const { perProduct, totalCount, overallAveragePrice, balance } = metrics;
  compare('totalCount', totalCount, counted.total.count);
  compare('the sum', unitsOf(totalCount, overallAveragePrice), counted.total.sum);
  compare('deadLettered', balance.deadLettered, deadLettered.size);
  compare('copies', balance.copies, copies.size);
  compare('lost', balance.lost, lost);
  for (const product of new Set([...Object.keys(perProduct), ...counted.perProduct.keys()])) {
    const { count = 0, averagePrice = 0 } = perProduct[product] ?? {};
    const should = counted.perProduct.get(product) ?? { count: 0, sum: 0n };
    compare(`count of ${product}`, count, should.count);
    compare(`sum of ${product}`, unitsOf(count, averagePrice), should.sum);
  }
  const more = found.length - MAX_SHOWN;
  return more > 0 ? [...found.slice(0, MAX_SHOWN), `and ${more} more`] : found;
}

/** The exact sum in ten-thousandths: an average that was divided out once gives it back below 2^50. */
function unitsOf(count: number, averagePrice: number): bigint {
  return BigInt(Math.round(averagePrice * count * 10_000));
}

/** What is wrong with a balance, which has to close at every moment. */
export function balanceFault({ balance, totalCount }: Metrics): string | null {
  const { read, counted, deadLettered, pending, gaps, lost, copies, foreign } = balance;
  const closes = counted + deadLettered + pending === read - gaps - lost - copies - foreign;
  return closes && counted === totalCount
    ? null
    : `the balance does not close: ${JSON.stringify({ totalCount, ...balance })}`;
}

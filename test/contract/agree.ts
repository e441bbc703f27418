// Whether the service and an oracle agree that read the same topics with another client.
import type { Test } from 'tap';
import type { DeadLetterItem, Metrics } from '../../server/http/contract.ts';
import { average, expected, judge, type ReadRecord } from '../fixtures/oracle.ts';
import type { ReadHeader } from '../fixtures/other-client.ts';
import type { Service } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';
import type { World } from './world.ts';

type Standing = ReadRecord & {
  readonly headers: readonly ReadHeader[];
  readonly origin: string | null;
};

/** A dead letter of this group with its headers, and the place of the order it stands for. */
export type Letter = Standing & { readonly origin: string };

/** What both came to. */
export type Agreement = {
  readonly metrics: Metrics;
  readonly orders: readonly ReadRecord[];
  /** Second copies included. */
  readonly letters: readonly Letter[];
};

/**
 * Waits until every order that stands in the topic has ended, and compares count, sums, balance and
 * dead letters with what the topics hold.
 */
export async function agree(t: Test, world: World, service: Service): Promise<Agreement> {
  const orders = await world.client.read(world.orders);
  const metrics = await atRest(service, orders.length);
  const standing = await readLetters(world);
  const letters = standing.filter((letter): letter is Letter => letter.origin !== null);

  const byPlace = new Map(orders.map((order) => [place(order), order]));
  const dead = new Set(letters.map(({ origin }) => origin));
  const { total, perProduct, bad } = expected(orders.filter((order) => !dead.has(place(order))));
  t.equal(bad.size, 0, 'every bad record is a dead letter');
  t.equal(metrics.totalCount, total.count, 'as many orders are counted');
  t.equal(metrics.overallAveragePrice, average(total), 'their average is exact');
  t.strictSame(
    Object.entries(metrics.perProduct).sort(byName),
    [...perProduct]
      .map(([name, sum]) => [name, { count: sum.count, averagePrice: average(sum) }] as const)
      .sort(byName),
    'so is that of each product',
  );
  checkBalance(t, metrics, { counted: total.count, deadLettered: dead.size });
  for (const letter of letters) checkLetter(t, letter, byPlace.get(letter.origin));
  await checkShown(t, service, standing, dead.size);
  return { metrics, orders, letters };
}

/** The metrics as soon as there are any. */
export async function knownMetrics(service: Service): Promise<Metrics> {
  const answer = await until(
    'the metrics are known',
    () => service.get('/metrics'),
    ({ status }) => status === 200,
  );
  return (await answer.json()) as Metrics;
}

/** The metrics when so many orders have ended and none is waiting. */
export function atRest(service: Service, count: number): Promise<Metrics> {
  return until(
    `${count} orders have ended`,
    () => knownMetrics(service),
    ({ balance: { counted, deadLettered, pending } }) =>
      counted + deadLettered >= count && pending === 0,
  );
}

/** What stands in the dead-letter topic, that of strangers without an origin. */
async function readLetters({ client, orders, deadLetters, group }: World): Promise<Standing[]> {
  const records = await client.read(deadLetters);
  const headers = await client.readHeaders(deadLetters);
  return records.map((record) => {
    const own = headers.get(place(record)) ?? [];
    const said = new Map(own.map(([name, value]) => [name.replace('orders.errors.', ''), value]));
    const origin = `${said.get('partition')}-${said.get('offset')}`;
    const ours = said.get('group') === group && said.get('topic') === orders;
    return { ...record, headers: own, origin: ours && /^\d+-\d+$/.test(origin) ? origin : null };
  });
}

/** The last value of a header, as text. */
export function header(letter: Standing, name: string): string | null | undefined {
  return letter.headers.findLast(([each]) => each === name)?.[1];
}

/** Where a record stands, as `partition-offset`. */
export function place({ partition, offset }: ReadRecord): string {
  return `${partition}-${offset}`;
}

function checkBalance(
  t: Test,
  { balance }: Metrics,
  wanted: { counted: number; deadLettered: number },
): void {
  const { read, counted, deadLettered, pending, gaps, lost } = balance;
  t.strictSame({ counted, deadLettered, pending, lost }, { ...wanted, pending: 0, lost: 0 });
  t.equal(read - gaps - lost, counted + deadLettered + pending, 'the balance closes to zero');
}

function checkLetter(t: Test, letter: Letter, original: ReadRecord | undefined): void {
  const same =
    original !== undefined &&
    isSame(letter.key, original.key) &&
    isSame(letter.value, original.value);
  if (!same) {
    t.fail('a dead letter has the bytes of its order', { letter, original });
    return;
  }
  const verdict = judge(letter.value);
  const allowed =
    'reason' in verdict ? [verdict.reason] : ['RETRIES_EXHAUSTED', 'PERMANENT', 'PRODUCT_LIMIT'];
  const reason = header(letter, 'errorReason') ?? '';
  if (!allowed.some((code) => reason === code || reason.startsWith(`${code}:`))) {
    t.fail(`a dead letter says ${allowed.join(' or ')}`, { reason });
  }
}

async function checkShown(
  t: Test,
  service: Service,
  letters: readonly Standing[],
  count: number,
): Promise<void> {
  const shown = await until(
    `${count} dead letters are shown`,
    () => service.json<DeadLetterItem[]>('/dlq?limit=1000'),
    (items) => items.length >= Math.min(count, 1000),
  );
  const reasons = new Map(letters.map((letter) => [place(letter), header(letter, 'errorReason')]));
  const wrong = shown.filter(
    ({ id, reason }) => reason !== (reasons.get(id) ?? 'no reason given') || !reasons.has(id),
  );
  t.strictSame(wrong, [], 'every dead letter that is shown stands in the topic');
  t.strictSame(
    shown.map(({ timestamp }) => timestamp),
    shown
      .map(({ timestamp }) => timestamp)
      .sort()
      .reverse(),
    'newest first',
  );
}

function isSame(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

// Count and exact sum per product. Sums are integers, so they do not depend on the order of additions
// and no average differs between one instance and three, or before and after a restart.
import { toUnits, UNITS_PER_PRICE } from './money.ts';

/** A sum is `carry * SUM_BASE + low` units, so that the hot loop never leaves the safe integers. */
export const SUM_BASE = 2 ** 50;

/** How often a product was counted and the exact sum of its prices. */
export type Tally = { count: number; low: number; carry: number };

/** Tallies by product, in order of first sight. */
export type Averages = Map<string, Tally>;

/** Counts one order. */
export function add(averages: Averages, product: string, price: number): void {
  const tally = averages.get(product);
  if (tally) addTo(tally, price);
  else averages.set(product, { count: 1, low: toUnits(price), carry: 0 });
}

/** Counts one order of a product whose tally is at hand. */
export function addTo(tally: Tally, price: number): void {
  increase(tally, 1, toUnits(price), 0);
}

/** Whether an order of this product and price can be among those that were counted. */
export function contains(averages: Averages, product: string, price: number): boolean {
  const tally = averages.get(product);
  if (tally === undefined) return false;
  const rest = sumOf(tally) - BigInt(toUnits(price));
  return tally.count === 1 ? rest === 0n : rest >= 0n;
}

/**
 * Takes one order back; a product without orders is gone. Throws RangeError, and changes nothing,
 * when it cannot have been counted.
 */
export function subtract(averages: Averages, product: string, price: number): void {
  if (!contains(averages, product, price)) {
    throw new RangeError('an order that was never counted cannot be taken back');
  }
  const tally = averages.get(product)!;
  increase(tally, -1, -toUnits(price), 0);
  if (tally.count === 0) averages.delete(product);
}

/** Adds `other`, `times` times (1 or -1), to `tally`. */
export function merge(tally: Tally, other: Tally, times: 1 | -1): void {
  increase(tally, times * other.count, times * other.low, times * other.carry);
}

function increase(tally: Tally, count: number, low: number, carry: number): void {
  tally.count += count;
  tally.low += low;
  tally.carry += carry;
  if (tally.low >= SUM_BASE) {
    tally.low -= SUM_BASE;
    tally.carry += 1;
  } else if (tally.low < 0) {
    tally.low += SUM_BASE;
    tally.carry -= 1;
  }
}

const MAX_NUMBER = 2 ** 52;

/** Whether a tally can be one of orders that were counted, and no number in it is near its end. */
export function isSound({ count, low, carry }: Tally): boolean {
  const positive = count >= 1 && low >= 0 && carry >= 0;
  return positive && count < MAX_NUMBER && low < SUM_BASE && carry < MAX_NUMBER;
}

/** The exact sum in units. */
export function sumOf(tally: Tally): bigint {
  return BigInt(tally.carry) * BigInt(SUM_BASE) + BigInt(tally.low);
}

/** Count and average in currency units; the average of nothing is 0. */
export function view(tally: Tally): { count: number; averagePrice: number } {
  return { count: tally.count, averagePrice: average(sumOf(tally), tally.count) };
}

/** The number nearest to the exact quotient. */
function average(units: bigint, count: number): number {
  if (count === 0) return 0;
  if (units <= MAX_EXACT && count <= MAX_EXACT / UNITS_PER_PRICE) {
    return Number(units) / (count * UNITS_PER_PRICE);
  }
  const divisor = BigInt(count) * BigInt(UNITS_PER_PRICE);
  // Rounded once: enough digits for any double, and in the last one whether there were more.
  const whole = (units << EXTRA_BITS) / divisor;
  const isExact = whole * divisor === units << EXTRA_BITS;
  return Number(isExact ? whole : whole | 1n) / 2 ** Number(EXTRA_BITS);
}

const MAX_EXACT = Number.MAX_SAFE_INTEGER;
const EXTRA_BITS = 128n;

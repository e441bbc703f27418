// Money in whole numbers: what a price counts as.

/** Units per currency unit: prices are kept as whole ten-thousandths. */
export const UNITS_PER_PRICE = 10_000;

/** Farther from the middle between two units, the product of a price has the right neighbour for sure. */
const CLEARLY = 0.49;

/**
 * A price from 0 to 1e9 as a whole number of units: that of the shortest decimal which names it, as JSON
 * shows it, halves rounded up. So 1.00005 counts as 1.0001, although the double of that name is a little
 * less; minus zero counts as zero. A float counts as the double of the same value.
 */
export function toUnits(price: number): number {
  const scaled = price * UNITS_PER_PRICE;
  const units = Math.round(scaled);
  return Math.abs(scaled - units) < CLEARLY ? units + 0 : unitsOfText(String(price));
}

/** The same of its text: digits with a point, for such a price is no whole number and no tiny one. */
function unitsOfText(text: string): number {
  const [whole = '', decimals = ''] = text.split('.');
  const units = Number(whole) * UNITS_PER_PRICE + Number(decimals.padEnd(4, '0').slice(0, 4));
  return decimals.charAt(4) >= '5' ? units + 1 : units;
}

// `GET /metrics` as JSON, in pieces: a hundred thousand products in one go would stop the event loop.
import type { Account } from '../http/contract.ts';
import type { Totals } from '../orders/contract.ts';
import { averageAt, type ProductTable } from '../orders/product-table.ts';

/** Products per piece: about a millisecond of work. */
const PIECE = 500;

/** The text of the body; byte for byte the same for the same figures and products. */
export function* metricsJson(
  totals: Totals,
  table: ProductTable,
  account: Account,
): Generator<string> {
  yield `${JSON.stringify(totals).slice(0, -1)},"perProduct":{`;
  const { names } = table;
  for (let at = 0; at < names.length; at += PIECE) {
    let text = '';
    for (let row = at; row < Math.min(at + PIECE, names.length); row += 1) {
      const average = JSON.stringify(averageAt(table, row));
      text += `${row === 0 ? '' : ','}${JSON.stringify(names[row])}:${average}`;
    }
    yield text;
  }
  yield `},${JSON.stringify(account).slice(1)}`;
}

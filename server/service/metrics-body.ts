// `GET /metrics` as JSON, in pieces: a hundred thousand products in one go would stop the event loop.
import type { Figures } from '../http/contract.ts';
import type { ProductTable } from '../orders/product-table.ts';

/** Products per piece: about a millisecond of work. */
const PIECE = 500;

/** The text of the body; byte for byte the same for the same figures and products. */
export function* metricsJson(figures: Figures, table: ProductTable): Generator<string> {
  const { totalCount, overallAveragePrice, ...rest } = figures;
  yield `{"totalCount":${totalCount},"overallAveragePrice":${overallAveragePrice},"perProduct":{`;
  const { names, counts, averagePrices } = table;
  for (let at = 0; at < names.length; at += PIECE) {
    let text = '';
    for (let row = at; row < Math.min(at + PIECE, names.length); row += 1) {
      const average = `{"count":${counts[row]},"averagePrice":${averagePrices[row]}}`;
      text += `${row === 0 ? '' : ','}${JSON.stringify(names[row])}:${average}`;
    }
    yield text;
  }
  yield `},${JSON.stringify(rest).slice(1)}`;
}

// Rows of CSV (RFC 4180) that a spreadsheet shows and does not calculate.

/** A cell that begins so would be a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** One line: every cell is quoted, and what would be a formula begins with an apostrophe. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cell).join(',')}\r\n`;
}

function cell(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}

// Every reason for which an order becomes a dead letter: one row each.
import { CORE_REASONS, type Disposition, type Reason, type Stage } from '../log/fault.ts';

const row =
  (stage: Stage, disposition: Disposition) =>
  (code: string, words: string): Reason => ({ code, stage, disposition, words });
const undecodable = row('decode', 'undecodable');
const invalid = row('validate', 'invalid');

/** The table. A code is a published contract; a new reason is a new row. */
export const REASONS = {
  EMPTY: undecodable('EMPTY', 'the value has no bytes'),
  TOMBSTONE: undecodable('TOMBSTONE', 'the value is null'),
  TRAILING: undecodable('TRAILING', 'something follows the order'),
  NON_CANONICAL: undecodable('NON_CANONICAL', 'the order is written in another way than the one'),
  SCHEMA_UNKNOWN: undecodable('SCHEMA_UNKNOWN', 'nobody knows the schema that the value names'),
  SCHEMA_INCOMPATIBLE: undecodable(
    'SCHEMA_INCOMPATIBLE',
    'what was written with this schema cannot be read as an order',
  ),
  FIELD_EMPTY: invalid('FIELD_EMPTY', 'a text is empty or blank'),
  FIELD_TOO_LONG: invalid('FIELD_TOO_LONG', 'a text is too long'),
  FIELD_CTRL: invalid('FIELD_CTRL', 'a text holds a control character'),
  PRICE_NOT_FINITE: invalid('PRICE_NOT_FINITE', 'the price is no number'),
  PRICE_NEGATIVE: invalid('PRICE_NEGATIVE', 'the price is below zero'),
  PRICE_TOO_BIG: invalid('PRICE_TOO_BIG', 'the price is higher than any'),
  PRODUCT_LIMIT: invalid('PRODUCT_LIMIT', 'there is no room for one more product'),
  ...CORE_REASONS,
} as const satisfies Record<string, Reason>;

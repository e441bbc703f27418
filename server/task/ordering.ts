// Which records may not overtake each other.
import type { RecordParts } from '../record-batch/record-parts.ts';

/**
 * `none`: a failing record lets all others pass. `key`: records with the same key are handled one after
 * the other, in their order; a record without a key is free. `partition`: all of them are.
 */
export type Ordering = 'none' | 'key' | 'partition';

/** The lane of a record: those of one lane wait for each other. Null: it waits for nobody. */
export function laneOf(
  ordering: Ordering,
  {
    bytes,
    keyStart,
    keyEnd,
  }: Pick<RecordParts, 'keyStart' | 'keyEnd'> & { readonly bytes: Buffer },
): string | null {
  if (ordering === 'none') return null;
  if (ordering === 'partition') return '';
  // Keys are bytes: every byte string is a text of its own in this encoding.
  return keyStart < 0 ? null : bytes.toString('latin1', keyStart, keyEnd);
}

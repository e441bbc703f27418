// Whether the numbers of a checkpoint can be true together, whatever stands in the logs.
import type { Checkpoint } from './checkpoint.ts';
import { areRanges } from './offset-ranges.ts';

/** Why it cannot be a true statement, or null. */
export function faultOf(checkpoint: Checkpoint): string | null {
  const { start, nextOffset, deadLetterOffset, deadLettered, gaps, corrections } = checkpoint;
  const { retries, restarts, highWatermark, lost, gapRanges, pending } = checkpoint;
  const numbers = { start, nextOffset, deadLetterOffset, deadLettered, gaps, corrections };
  for (const [name, value] of Object.entries({ ...numbers, retries, restarts, highWatermark })) {
    if (!(value >= 0 && value < 2 ** 52 && Number.isInteger(value))) return `${name} is ${value}`;
  }
  if (Number.isNaN(new Date(checkpoint.writtenAt).getTime())) return 'it was written at no time';
  if (start > nextOffset) return `it ends at ${nextOffset} before its start ${start}`;
  if (!areRanges(lost, start, nextOffset)) return 'lost offsets that cannot be';
  if (!areRanges(gapRanges, start, nextOffset)) return 'gaps that cannot be';
  for (const { offset, attempts } of pending) {
    if (!(offset >= start && offset < nextOffset)) {
      return `order ${offset} is pending outside [${start}, ${nextOffset})`;
    }
    if (!(attempts >= 0)) return `order ${offset} after ${attempts} attempts`;
  }
  return null;
}

// Whether the numbers of a checkpoint can be true together, whatever stands in the logs.
import type { Checkpoint } from './checkpoint.ts';
import { areRanges, countOf } from './offset-ranges.ts';
import { isCommandId } from './redrive.ts';

/** Why it cannot be a true statement, or null. */
export function faultOf(checkpoint: Checkpoint): string | null {
  const { start, nextOffset, deadLetterOffset, deadLettered, gaps, corrections } = checkpoint;
  const { retries, restarts, highWatermark, lost, gapRanges, pending } = checkpoint;
  const { base, redrivesFrom, foreign, copies, redrivenCount, copyRanges, commands } = checkpoint;
  const numbers = { start, nextOffset, deadLetterOffset, deadLettered, gaps, corrections };
  const redrives = { redrivesFrom, foreign, copies, redrivenCount, base: base + 1 };
  const others = { retries, restarts, highWatermark };
  for (const [name, value] of Object.entries({ ...numbers, ...others, ...redrives })) {
    if (!(value >= 0 && value < 2 ** 52 && Number.isInteger(value))) return `${name} is ${value}`;
  }
  if (Number.isNaN(new Date(checkpoint.writtenAt).getTime())) return 'it was written at no time';
  if (start > nextOffset) return `it ends at ${nextOffset} before its start ${start}`;
  if (!areRanges(lost, start, nextOffset)) return 'lost offsets that cannot be';
  if (!areRanges(gapRanges, start, nextOffset)) return 'gaps that cannot be';
  if (!areRanges(copyRanges, start, nextOffset)) return 'copies that cannot be';
  if (countOf(copyRanges) !== copies) return `${copies} copies in ranges of others`;
  if (redrivesFrom < start || redrivesFrom > nextOffset) return `redrives from ${redrivesFrom}`;
  for (const { offset, attempts } of pending) {
    if (!(offset >= start && offset < nextOffset)) {
      return `order ${offset} is pending outside [${start}, ${nextOffset})`;
    }
    if (!(attempts >= 0)) return `order ${offset} after ${attempts} attempts`;
  }
  return commands.length === 0 ? null : faultOfCommands(checkpoint);
}

function faultOfCommands({ commands, pending }: Checkpoint): string | null {
  const pendingOffsets = new Set(pending.map(({ offset }) => offset));
  for (const { id, seen, failedAgain, waiting } of commands) {
    if (!isCommandId(id) || !(seen >= 0 && failedAgain >= 0)) return 'a command that cannot be';
    for (const offset of waiting) {
      if (!pendingOffsets.delete(offset)) return `order ${offset} of a command is not pending`;
    }
  }
  return null;
}

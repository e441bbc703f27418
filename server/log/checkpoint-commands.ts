// What became of what commands redrove, as it stands in a checkpoint.
import { type AvroReader, MAX_LONG_BYTES, writeLong } from './avro-values.ts';
import { MAX_COMMAND_ID } from './redrive.ts';

/**
 * Of the orders that a command redrove, as far as a checkpoint has read: how many there are, how many of
 * them are dead-lettered again, and the offsets of those that are pending. The rest is processed. Orders
 * that were lost are in none of these numbers.
 */
export type CommandOutcome = {
  readonly id: string;
  readonly seen: number;
  readonly failedAgain: number;
  readonly waiting: readonly number[];
};

/** Commands of which a checkpoint tells: the latest of which anything became known. */
export const MAX_COMMANDS = 256;

/** Avro binary of the array `commands`. */
export function encodeCommands(commands: readonly CommandOutcome[], nextOffset: number): Buffer {
  const waiting = commands.reduce((sum, command) => sum + command.waiting.length, 0);
  const most = commands.length * (MAX_COMMAND_ID + 6 * MAX_LONG_BYTES) + waiting * MAX_LONG_BYTES;
  const bytes = Buffer.allocUnsafe(most + 2 * MAX_LONG_BYTES);
  let at = commands.length === 0 ? 0 : writeLong(bytes, 0, commands.length);
  for (const { id, seen, failedAgain, waiting } of commands) {
    at = writeLong(bytes, at, id.length);
    at += bytes.write(id, at, 'latin1');
    at = writeLong(bytes, writeLong(bytes, at, seen), failedAgain);
    if (waiting.length > 0) at = writeLong(bytes, at, waiting.length);
    for (const offset of waiting) at = writeLong(bytes, at, nextOffset - offset);
    bytes[at++] = 0;
  }
  bytes[at] = 0;
  return bytes.subarray(0, at + 1);
}

/** Reads what `encodeCommands` wrote. */
export function readCommands(reader: AvroReader, nextOffset: number): CommandOutcome[] {
  const commands: CommandOutcome[] = [];
  reader.items(() => {
    const id = reader.text();
    const seen = reader.long();
    const failedAgain = reader.long();
    const waiting: number[] = [];
    reader.items(() => void waiting.push(nextOffset - reader.long()));
    commands.push({ id, seen, failedAgain, waiting });
  });
  return commands;
}

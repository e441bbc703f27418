// The commands for one partition, out of those that every instance reads.
import type { OpenRedrive, PartitionCommands } from '../task/partition-commands.ts';
import type { AskedRedrive } from '../view/command-history.ts';
import type { CommandsReader } from '../view/commands.ts';

/** What a task of `partition` hears; what was read before it asks is there at once. */
export function commandsFor(
  commands: CommandsReader,
  topic: string,
  partition: number,
): PartitionCommands {
  return {
    tp: { topic, partition },
    caughtUp: () => commands.caughtUp(partition),
    state: () => ({
      next: commands.position(partition),
      pause: commands.pauses().get(partition) ?? null,
      redrives: [...commands.redrives()].flatMap((redrive) => openIn(partition, redrive)),
    }),
    watch: commands.watch,
  };
}

/** What there is to do of it: to be closed, and nothing else, when it was cancelled or stopped, wherever. */
function openIn(partition: number, redrive: AskedRedrive): OpenRedrive[] {
  const { id, by, shares, closed, cancelled } = redrive;
  const command = shares.get(partition);
  if (command === undefined || closed.has(partition)) return [];
  const stopped = [...closed.values()].some(({ outcome }) => outcome === 'stopped');
  const ended = stopped ? 'stopped' : cancelled !== null ? 'cancelled' : null;
  return [{ id, by, command, ended }];
}

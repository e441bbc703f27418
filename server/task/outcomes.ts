// What became of what commands redrove: counted as the ledger goes, and kept for the latest of them.
import { type CommandOutcome, MAX_COMMANDS } from '../log/checkpoint-commands.ts';

type Counts = { readonly seen: number; readonly failedAgain: number };

export type Outcomes = {
  /** An order that the command redrove was seen for the first time. */
  seen(command: string): void;
  /** One that was seen is dead-lettered. */
  failedAgain(command: string): void;
  /** One that was seen is lost: what becomes of it will not be known. */
  lost(command: string): void;
  /** Those that changed last stand last. */
  counts(): ReadonlyMap<string, Counts>;
};

/** Goes on from what a checkpoint says. */
export function createOutcomes(before: readonly Omit<CommandOutcome, 'waiting'>[] = []): Outcomes {
  const counts = new Map<string, Counts>(
    before.map(({ id, seen, failedAgain }) => [id, { seen, failedAgain }]),
  );

  function change(command: string, seen: number, failedAgain: number): void {
    const old = counts.get(command);
    // Of a command that was forgotten only what begins anew can be told.
    if (old === undefined && seen <= 0) return;
    counts.delete(command);
    counts.set(command, {
      seen: Math.max(0, (old?.seen ?? 0) + seen),
      failedAgain: (old?.failedAgain ?? 0) + failedAgain,
    });
    if (counts.size > MAX_COMMANDS) counts.delete(counts.keys().next().value!);
  }

  return {
    seen: (command) => change(command, 1, 0),
    failedAgain: (command) => change(command, 0, 1),
    lost: (command) => change(command, -1, 0),
    counts: () => counts,
  };
}

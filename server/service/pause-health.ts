// Paused partitions in the health of this instance: one that somebody has asked for is worth knowing, one
// that the breaker has stopped here is a reason for not being ready.
import type { Commands } from '../view/commands.ts';
import type { Reports } from './reports.ts';

/** Says what is to be said now, each time it is called. */
export function createPauseHealth(deps: {
  commands: Pick<Commands, 'pauses'>;
  reports: Pick<Reports, 'problem' | 'note'>;
  /** The partitions that run here. */
  own: () => { has(partition: number): boolean };
}): () => void {
  const { commands, reports, own } = deps;
  let said = new Set<number>();
  return () => {
    const pauses = commands.pauses();
    for (const partition of new Set([...said, ...pauses.keys()])) {
      const pause = pauses.get(partition);
      const words =
        pause === undefined
          ? null
          : `partition ${partition} is paused by ${pause.by}: ${pause.why}`;
      const stopped = pause?.breaker === true && own().has(partition);
      reports.problem(`pause of ${partition}`, stopped ? words : null);
      reports.note(`pause of ${partition}`, stopped ? null : words);
    }
    said = new Set(pauses.keys());
  };
}

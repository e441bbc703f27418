// Whether a partition takes orders and gives orders up: not while a command has paused it, and not from
// the moment in which its breaker finds that too many fail.
import { createAbort } from '../log/abortable.ts';
import type { Logger } from '../log/logger.ts';
import type { Breaker } from './breaker.ts';
import type { WriteCommand } from './command-writer.ts';
import type { PartitionCommands } from './partition-commands.ts';

export type Pause = {
  readonly isOn: boolean;
  /** Whether one more order may be given up, when `counted` are counted in all; a pause may begin by it. */
  mayGiveUp(counted: number): boolean;
  /** Takes note of how many are counted: the breaker sees what has gone well. */
  note(counted: number): void;
  close(): void;
};

/** Nobody ever pauses it: a partition without commands. */
export const NEVER_PAUSED: Pause = {
  isOn: false,
  mayGiveUp: () => true,
  note() {},
  close() {},
};

/** The state of one partition. `onChange` is called in the tick in which a pause begins or ends. */
export function createPause(deps: {
  commands: PartitionCommands;
  breaker: Breaker;
  write: WriteCommand;
  monotonic: () => number;
  logger: Logger;
  onChange: () => void;
  onFailed: (error: unknown) => void;
}): Pause {
  const { commands, breaker, write, monotonic, logger, onChange, onFailed } = deps;
  const { partition } = commands.tp;
  const closing = createAbort();
  /** From the breaker's word until its command was read: where it stands, Infinity before it does. */
  let trippedAt: number | null = null;
  let isOn = commands.state().pause !== null;
  const unwatch = commands.watch(look);

  function look(): void {
    const { next, pause } = commands.state();
    if (trippedAt !== null && next > trippedAt) trippedAt = null;
    const before = isOn;
    isOn = trippedAt !== null || pause !== null;
    if (isOn === before) return;
    if (isOn) logger.warn('a partition is paused', { partition, why: pause?.why, by: pause?.by });
    else {
      logger.info('a partition goes on', { partition });
      breaker.reset();
    }
    onChange();
  }

  async function trip(why: string): Promise<void> {
    trippedAt = Number.POSITIVE_INFINITY;
    isOn = true;
    logger.error('a partition is paused: too many orders fail', { partition, why });
    onChange();
    const pause = { kind: 'pause', breaker: true } as const;
    const offset = await write(crypto.randomUUID(), pause, why, closing.signal);
    if (offset === undefined) return;
    trippedAt = offset;
    look();
  }

  return {
    get isOn() {
      return isOn;
    },
    mayGiveUp(counted) {
      if (isOn) return false;
      const why = breaker.judge(monotonic(), counted);
      if (why !== null) trip(why).catch(onFailed);
      return why === null;
    },
    note(counted) {
      if (!isOn) breaker.note(monotonic(), counted);
    },
    close() {
      closing.abort();
      unwatch();
    },
  };
}

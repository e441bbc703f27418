// The commands that a task writes itself: that it has paused, and how a redrive has ended.

import type { Clock } from '../log/clock.ts';
import type { ClosedCommand, CommandAuthor, PauseCommand } from '../log/command.ts';
import { encodeCommand } from '../log/command.ts';
import { MAX_TEXT } from '../log/command-fault.ts';
import type { Author } from '../log/dead-letter.ts';
import type { Logger } from '../log/logger.ts';
import type { LogWriter, TopicPartition } from '../log/ports.ts';
import type { Progress } from '../log/progress.ts';
import { persist } from './persist.ts';

/**
 * Appends until the broker has it; the offset, or undefined when `isOpen` says that nobody waits for it
 * any more.
 */
export type WriteCommand = (
  id: string,
  body: PauseCommand | ClosedCommand,
  why: string,
  isOpen: () => boolean,
) => Promise<number | undefined>;

/** Writes to the commands of one partition, as `author`. */
export function createCommandWriter(deps: {
  tp: TopicPartition;
  author: Author;
  writer: LogWriter;
  clock: Clock;
  random: () => number;
  logger: Logger;
  progress: Progress;
}): WriteCommand {
  const { tp, author, clock } = deps;
  return (id, body, why, isOpen) => {
    const from: CommandAuthor = {
      group: author.group,
      id,
      at: clock.now(),
      by: author.app,
      from: author.instance.slice(0, MAX_TEXT),
      why: why.slice(0, MAX_TEXT),
    };
    const value = encodeCommand({ ...from, ...body });
    // Kafka refuses times far from its own, and needs none.
    return persist(deps, tp, [{ timestamp: -1, key: null, value, headers: [] }], isOpen);
  };
}

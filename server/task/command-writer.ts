// The commands that a task writes itself: that it has paused, and how a redrive has ended.

import type { ClosedCommand, CommandAuthor, PauseCommand } from '../log/command.ts';
import { encodeCommand } from '../log/command.ts';
import { MAX_TEXT } from '../log/command-fault.ts';
import type { Author } from '../log/dead-letter.ts';
import type { LogWriter, TopicPartition } from '../log/ports.ts';
import { persist } from './persist.ts';
import type { Runtime } from './task-deps.ts';

/**
 * Appends until the broker has it; the offset, or undefined when `signal` says that nobody waits for it
 * any more.
 */
export type WriteCommand = (
  id: string,
  body: PauseCommand | ClosedCommand,
  why: string,
  signal: AbortSignal,
) => Promise<number | undefined>;

/** Writes to the commands of one partition, as `author`. */
export function createCommandWriter(deps: {
  tp: TopicPartition;
  author: Author;
  writer: LogWriter;
  runtime: Runtime;
}): WriteCommand {
  const { tp, author, writer, runtime } = deps;
  const { clock } = runtime;
  return (id, body, why, signal) => {
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
    const record = { timestamp: -1, key: null, value, headers: [] };
    return persist({ ...runtime, writer }, tp, [record], signal);
  };
}

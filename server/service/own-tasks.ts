// The tasks of this instance, as its configuration wants them.
import type { Config } from '../config.ts';
import { MAX_FOLDED_BYTES } from '../log/checkpoint.ts';
import type { RedriveCommand } from '../log/command.ts';
import type { Author } from '../log/dead-letter.ts';
import type { Instruments } from '../log/instruments.ts';
import type { Logger } from '../log/logger.ts';
import type { LogReader } from '../log/ports.ts';
import type { Progress } from '../log/progress.ts';
import type { Tracing } from '../log/tracing.ts';
import type { Order } from '../orders/order.ts';
import type { OrderDecoder } from '../orders/order-decoder.ts';
import { createOrderFold, type OrderState } from '../orders/order-fold.ts';
import { createPartitionTask } from '../task/partition-task.ts';
import type { Business, Rules, Runtime, TaskPorts } from '../task/task-deps.ts';
import { createTasks, type Tasks } from '../task/tasks.ts';
import { watchHandler, watchReader } from '../task/watched.ts';
import type { CommandsReader } from '../view/commands.ts';
import type { ChooseLetter } from '../view/letter-choice.ts';
import { commandsFor } from './partition-commands.ts';

/** Of the time of this process, for encoding checkpoints; to send and read them costs four times that. */
export const CHECKPOINT_SHARE = 0.02;

/** What the tasks stand on: the logs, the business logic and time. */
export type TaskGround = Pick<TaskPorts, 'reader' | 'writer'> &
  Pick<Business<Order, OrderState>, 'handle'> &
  Pick<Runtime, 'clock'> & {
    trim(partition: number, below: number): Promise<void>;
  };

/** What is commanded, and what carrying it out takes. */
export type OwnCommands = {
  readonly all: CommandsReader;
  /** Reads single letters. */
  readonly letters: LogReader;
  readonly choose: (command: RedriveCommand, partition: number) => ChooseLetter;
};

/** The tasks; none runs before the first assignment. */
export function createOwnTasks(deps: {
  config: Config;
  ground: TaskGround;
  author: Author;
  decoder: Pick<OrderDecoder, 'decode'>;
  startedAt: number;
  generation: () => number | null;
  /** Where it is noted what the tasks wait for. */
  progress: Progress;
  instruments: Instruments;
  tracing?: Tracing | undefined;
  logger: Logger;
  onTrim: (partition: number, error: unknown) => void;
  /** What keeps orders of a partition waiting, in words; null when it has gone. */
  onProblem: (partition: number, words: string | null) => void;
  commands: OwnCommands;
}): Tasks {
  const { config, ground, author, decoder, startedAt, generation, progress, logger } = deps;
  const { instruments, tracing, onTrim, onProblem, commands } = deps;
  const room = { maxProducts: config.MAX_PRODUCTS, maxBytes: MAX_FOLDED_BYTES };
  const fold = createOrderFold(room, decoder);
  const reader = watchReader(ground.reader, progress);
  const handlerEnded = (ms: number) => instruments.handler.observe(ms / 1000);
  const breaker = {
    ratio: config.BREAKER_RATIO,
    windowMs: config.BREAKER_WINDOW_MS,
    min: config.BREAKER_MIN,
  };
  const tasks = createTasks({
    clock: ground.clock,
    logger,
    onTrim,
    createTask: (partition, onFailed) =>
      createPartitionTask({
        logs: {
          group: config.GROUP_ID,
          orders: { topic: config.ORDERS_TOPIC, partition },
          deadLetters: { topic: config.DLQ_TOPIC, partition },
          checkpoints: { topic: config.CHECKPOINT_TOPIC, partition },
        },
        owner: { author, startedAt, generation },
        business: {
          fold,
          handle: watchHandler(ground.handle, progress, ground.clock, handlerEnded),
        },
        rules: {
          ...rulesOf(config),
          checkpointShare: () => CHECKPOINT_SHARE / Math.max(1, tasks.positions().size),
        },
        ports: {
          reader,
          writer: ground.writer,
          trim: (below) => ground.trim(partition, below),
        },
        runtime: {
          clock: ground.clock,
          random: Math.random,
          logger,
          progress,
          instruments,
          tracing,
        },
        outlets: { onProblem: (words) => onProblem(partition, words), onFailed },
        commands: {
          log: commandsFor(commands.all, config.COMMAND_TOPIC, partition),
          breaker,
          letters: commands.letters,
          choose: (command) => commands.choose(command, partition),
        },
      }),
  });
  return tasks;
}

/** The rules of every task, but for its share of the time. */
export function rulesOf(config: Config): Omit<Rules, 'checkpointShare'> {
  return {
    ordering: config.ORDERING,
    policy: {
      maxRetries: config.MAX_RETRIES,
      backoffMs: config.RETRY_BACKOFF_MS,
      maxBackoffMs: config.RETRY_MAX_BACKOFF_MS,
    },
    limits: {
      maxPending: config.MAX_PENDING,
      maxPendingBytes: config.MAX_PENDING_BYTES,
      concurrency: config.HANDLER_CONCURRENCY,
      timeoutMs: config.HANDLER_TIMEOUT_MS,
    },
    checkpointIntervalMs: config.CHECKPOINT_INTERVAL_MS,
  };
}

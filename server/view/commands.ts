// Follows the command topic, as every instance does.
import { abortable, createAbort } from '../log/abortable.ts';
import type { Clock } from '../log/clock.ts';
import { decodeCommand } from '../log/command.ts';
import type { Logger } from '../log/logger.ts';
import type { LogReader, Subscription, TopicPartition } from '../log/ports.ts';
import { damageIn, walk } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { type CommandHistory, createCommandHistory } from './command-history.ts';

export type Commands = CommandHistory & {
  /** Next offset to be read of a partition. */
  position(partition: number): number;
  watch(changed: () => void): () => void;
};

export type CommandsReader = Commands & {
  /** Begins to follow partitions that it does not follow yet. */
  follow(partitions: readonly number[]): void;
  /** Resolves when all has been read that stood in the partition when it began to be followed. */
  caughtUp(partition: number): Promise<void>;
  /** The same of every partition that is followed, as an answer. */
  readonly known: boolean;
  close(): void;
};

type Log = {
  position: number;
  upToDate: boolean;
  readonly caughtUp: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
};

/** Follows nothing yet; `onFailed` hears of a log that cannot be followed any more. */
export function createCommands(deps: {
  reader: LogReader;
  group: string;
  topic: string;
  clock: Clock;
  logger: Logger;
  onFailed: (tp: TopicPartition, error: unknown) => void;
}): CommandsReader {
  const { reader, group, topic, clock, logger, onFailed } = deps;
  const { take, ...state } = createCommandHistory();
  const logs = new Map<number, Log>();
  const followed = new Map<number, Subscription | null>();
  const watchers = new Set<() => void>();
  const closing = createAbort();

  function logOf(partition: number): Log {
    let log = logs.get(partition);
    if (log === undefined) {
      log = { position: 0, upToDate: false, ...deferred() };
      logs.set(partition, log);
    }
    return log;
  }

  function read(partition: number, cursor: RecordCursor): void {
    const { valueStart, valueEnd, offset } = cursor;
    const bytes = cursor.bytes.subarray(Math.max(0, valueStart), Math.max(0, valueEnd));
    const command = decodeCommand(Buffer.from(bytes));
    const passOver = (reason: string) =>
      logger.warn('a command is passed over', { topic, partition, offset, reason });
    if (typeof command === 'string') passOver(command);
    else if (command.group !== group) passOver(`it is for group ${command.group}`);
    else take(partition, command);
  }

  async function followOne(partition: number): Promise<void> {
    const tp = { topic, partition };
    const log = logOf(partition);
    const { low, high } = await abortable(closing.signal, reader.bounds(tp));
    log.position = low;
    const subscription = reader.follow(tp, low, {
      async records(set) {
        const before = log.position;
        log.position = await walk(set, before, clock, (cursor) => {
          closing.signal.throwIfAborted();
          read(partition, cursor);
          return undefined;
        });
        if (!log.upToDate && log.position >= Math.min(high, set.lastStableOffset)) {
          log.upToDate = true;
          log.resolve();
        }
        if (log.position > before) for (const changed of [...watchers]) changed();
      },
      outOfRange: (_position, bounds) => (log.position = bounds.low),
      failed(error) {
        const where = damageIn(tp, error);
        log.reject(where);
        onFailed(tp, where);
      },
    });
    followed.set(partition, subscription);
  }

  return {
    ...state,
    position: (partition) => logOf(partition).position,
    watch(changed) {
      watchers.add(changed);
      return () => void watchers.delete(changed);
    },
    follow(partitions) {
      for (const partition of partitions) {
        if (closing.signal.aborted || followed.has(partition)) continue;
        followed.set(partition, null);
        followOne(partition).catch((error: unknown) => {
          if (closing.signal.aborted) return;
          logOf(partition).reject(error);
          onFailed({ topic, partition }, error);
        });
      }
    },
    caughtUp: (partition) => logOf(partition).caughtUp,
    get known() {
      return followed.size > 0 && [...followed.keys()].every((each) => logOf(each).upToDate);
    },
    close() {
      closing.abort();
      for (const subscription of followed.values()) subscription?.close();
      watchers.clear();
    },
  };
}

function deferred(): Pick<Log, 'caughtUp' | 'resolve' | 'reject'> {
  let resolve = () => {};
  let reject: (error: unknown) => void = () => {};
  const caughtUp = new Promise<void>((...settle) => {
    [resolve, reject] = settle;
  });
  // Who waits for it hears of it; nobody may.
  caughtUp.catch(() => {});
  return { caughtUp, resolve, reject };
}

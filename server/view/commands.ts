// The command topic as every instance reads it: who is paused, and which redrives were asked for, ended
// or were called off.

import { abortable, createAbort } from '../log/abortable.ts';
import type { Clock } from '../log/clock.ts';
import {
  type ClosedCommand,
  type Command,
  type CommandAuthor,
  decodeCommand,
  type RedriveCommand,
} from '../log/command.ts';
import type { Logger } from '../log/logger.ts';
import type { LogReader, Subscription, TopicPartition } from '../log/ports.ts';
import { damageIn, walk } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';

/** A pause that is in force. */
export type Pause = CommandAuthor & { readonly breaker: boolean };

/** How a redrive ended in one partition. */
export type Closed = CommandAuthor & ClosedCommand;

/** A redrive as all partitions of the topic tell it. */
export type AskedRedrive = CommandAuthor & {
  /** What each partition is to do. */
  readonly shares: ReadonlyMap<number, RedriveCommand>;
  readonly closed: ReadonlyMap<number, Closed>;
  readonly cancelled: CommandAuthor | null;
};

export type Commands = {
  /** In the order in which they were read. */
  redrives(): Iterable<AskedRedrive>;
  redrive(id: string): AskedRedrive | null;
  /** By partition. */
  pauses(): ReadonlyMap<number, Pause>;
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

type Asked = CommandAuthor & {
  shares: Map<number, RedriveCommand>;
  closed: Map<number, Closed>;
  cancelled: CommandAuthor | null;
};

type Log = {
  position: number;
  upToDate: boolean;
  readonly caughtUp: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
  /** What was read before, of each kind: an append that is repeated says the same again. */
  readonly seen: Set<string>;
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
  const asked = new Map<string, Asked>();
  /** Cancelled before the redrive itself was read: partitions are read independently. */
  const cancelled = new Map<string, CommandAuthor>();
  const pauses = new Map<number, Pause>();
  const logs = new Map<number, Log>();
  const followed = new Map<number, Subscription | null>();
  const watchers = new Set<() => void>();
  const closing = createAbort();

  function logOf(partition: number): Log {
    let log = logs.get(partition);
    if (log === undefined) {
      log = { position: 0, upToDate: false, seen: new Set(), ...deferred() };
      logs.set(partition, log);
    }
    return log;
  }

  function read(partition: number, cursor: RecordCursor): void {
    const { valueStart, valueEnd, offset } = cursor;
    const bytes = cursor.bytes.subarray(Math.max(0, valueStart), Math.max(0, valueEnd));
    const command = decodeCommand(Buffer.from(bytes));
    const fault =
      typeof command === 'string'
        ? command
        : command.group === group
          ? null
          : `it is for group ${command.group}`;
    if (fault === null) take(partition, command as Command);
    else logger.warn('a command is passed over', { topic, partition, offset, reason: fault });
  }

  function take(partition: number, command: Command): void {
    const { seen } = logOf(partition);
    const key = `${command.kind} ${command.id}`;
    if (seen.has(key)) return;
    seen.add(key);
    switch (command.kind) {
      case 'redrive':
        addShare(partition, command);
        break;
      case 'cancel': {
        cancelled.set(command.id, command);
        const redrive = asked.get(command.id);
        if (redrive !== undefined) redrive.cancelled ??= command;
        break;
      }
      case 'pause':
        pauses.set(partition, command);
        break;
      case 'resume':
        pauses.delete(partition);
        break;
      case 'closed':
        close(partition, command);
    }
  }

  function addShare(partition: number, command: Command<RedriveCommand>): void {
    const { id, at, by, from, why } = command;
    const redrive: Asked = asked.get(id) ?? {
      ...{ group, id, at, by, from, why },
      shares: new Map(),
      closed: new Map(),
      cancelled: cancelled.get(id) ?? null,
    };
    redrive.shares.set(partition, command);
    asked.set(id, redrive);
  }

  function close(partition: number, command: Closed): void {
    asked.get(command.id)?.closed.set(partition, command);
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
    redrives: () => asked.values(),
    redrive: (id) => asked.get(id) ?? null,
    pauses: () => pauses,
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

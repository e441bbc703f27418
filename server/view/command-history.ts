// What the commands that were read come to: who is paused, and which redrives were asked for, ended or
// were called off.
import type { ClosedCommand, Command, CommandAuthor, RedriveCommand } from '../log/command.ts';

/** A pause that is in force. */
export type PauseInForce = CommandAuthor & { readonly breaker: boolean };

/** How a redrive ended in one partition. */
export type Closed = CommandAuthor & ClosedCommand;

/** A redrive as all partitions of the topic tell it. */
export type AskedRedrive = CommandAuthor & {
  /** What each partition is to do. */
  readonly shares: ReadonlyMap<number, RedriveCommand>;
  readonly closed: ReadonlyMap<number, Closed>;
  readonly cancelled: CommandAuthor | null;
};

export type CommandHistory = {
  /** In the order in which they were read. */
  redrives(): Iterable<AskedRedrive>;
  redrive(id: string): AskedRedrive | null;
  /** By partition. */
  pauses(): ReadonlyMap<number, PauseInForce>;
};

type Asked = CommandAuthor & {
  shares: Map<number, RedriveCommand>;
  closed: Map<number, Closed>;
  cancelled: CommandAuthor | null;
};

/** Nothing was commanded. `take` is given every command, in the order of its partition. */
export function createCommandHistory(): CommandHistory & {
  take(partition: number, command: Command): void;
} {
  const asked = new Map<string, Asked>();
  /** Partitions are read independently: a redrive may be called off before it was read itself. */
  const cancelled = new Map<string, CommandAuthor>();
  const pauses = new Map<number, PauseInForce>();
  const seen = new Set<string>();

  /** An append that is repeated says the same again. */
  function isRepeated(partition: number, { kind, id }: Command): boolean {
    const key = `${partition} ${kind} ${id}`;
    const before = seen.size;
    return seen.add(key).size === before;
  }

  function addShare(partition: number, command: Command<RedriveCommand>): void {
    const { group, id, at, by, from, why } = command;
    const redrive: Asked = asked.get(id) ?? {
      ...{ group, id, at, by, from, why },
      shares: new Map(),
      closed: new Map(),
      cancelled: cancelled.get(id) ?? null,
    };
    redrive.shares.set(partition, command);
    asked.set(id, redrive);
  }

  function cancel(command: CommandAuthor): void {
    cancelled.set(command.id, command);
    const redrive = asked.get(command.id);
    if (redrive !== undefined) redrive.cancelled ??= command;
  }

  return {
    redrives: () => asked.values(),
    redrive: (id) => asked.get(id) ?? null,
    pauses: () => pauses,
    take(partition, command) {
      if (isRepeated(partition, command)) return;
      switch (command.kind) {
        case 'redrive':
          addShare(partition, command);
          break;
        case 'cancel':
          cancel(command);
          break;
        case 'pause':
          pauses.set(partition, command);
          break;
        case 'resume':
          pauses.delete(partition);
          break;
        case 'closed':
          asked.get(command.id)?.closed.set(partition, command);
      }
    },
  };
}

// The consumer groups and the offsets they committed; the offsets outlive the broker, members do not.
import type { Disk } from './disk.ts';
import { ErrorCode } from './error-code.ts';
import { createGroup, type Group } from './group.ts';
import type { Journal } from './journal.ts';

/** As kept in the journal under `[group, topic, partition]`. */
export type Committed = { readonly offset: number; readonly metadata: string };

export type PartitionOffset = Committed & { readonly topic: string; readonly partition: number };

/** By topic and partition. */
type Offsets = Map<string, Map<number, Committed>>;

export type Groups = ReturnType<typeof createGroups>;

type Dependencies = {
  journal: Journal<Committed>;
  disk: Disk;
  /** Time in ms for the deadlines of members. */
  now: () => number;
  newId: () => string;
};

type Entry = { readonly group: Group; readonly offsets: Offsets };

/** All groups together: whoever makes more is not a development machine. */
const MAX_GROUPS = 1000;
const MAX_MEMBERS = 1000;
/** What a member may bring with it, and what may be assigned to it. */
export const MAX_MEMBER_BYTES = 128 * 1024;

function parseKey(key: string): [id: string, topic: string, partition: number] | null {
  try {
    const [id, topic, partition] = JSON.parse(key);
    const isKey = typeof id === 'string' && typeof topic === 'string';
    return isKey && Number.isInteger(partition) ? [id, topic, partition] : null;
  } catch {
    return null;
  }
}

/** Whether a line of the journal can have been written by this code: a file may hold anything. */
export function isCommitted(key: string, value: unknown): boolean {
  const { offset, metadata } = (value ?? {}) as Partial<Committed>;
  return parseKey(key) !== null && Number.isSafeInteger(offset) && typeof metadata === 'string';
}

/** The groups of which the journal knows offsets, and those that members make by joining. */
export function createGroups({ journal, disk, now, newId }: Dependencies) {
  const groups = new Map<string, Entry>();
  const newMemberId = (clientId: string) => `${clientId.slice(0, 200)}-${newId()}`;
  const keyOf = (...of: [id: string, topic: string, partition: number]) => JSON.stringify(of);

  for (const [key, committed] of journal.entries) {
    const [id, topic, partition] = parseKey(key)!;
    keep(entry(id), { topic, partition, ...committed });
  }

  function entry(id: string): Entry {
    const known = groups.get(id);
    if (known) return known;
    const made = { group: createGroup(newMemberId), offsets: new Map() };
    groups.set(id, made);
    return made;
  }

  const hasRoom = (id: string) => groups.has(id) || groups.size < MAX_GROUPS;

  function keep({ offsets }: Entry, { topic, partition, offset, metadata }: PartitionOffset): void {
    const of = offsets.get(topic) ?? new Map<number, Committed>();
    offsets.set(topic, of.set(partition, { offset, metadata }));
  }

  /** Drops what a group committed for a topic. */
  function forget(id: string, topic: string): ErrorCode {
    const { offsets } = entry(id);
    const partitions = [...(offsets.get(topic)?.keys() ?? [])];
    const error = disk.attempt(() =>
      journal.set(partitions.map((partition) => [keyOf(id, topic, partition), undefined])),
    );
    if (error === ErrorCode.NONE) offsets.delete(topic);
    return error;
  }

  return {
    now,
    get: (id: string) => groups.get(id)?.group,
    /** The group, or one without members: a stranger is refused by it as by any other. */
    of: (id: string) => groups.get(id)?.group ?? createGroup(newMemberId),
    /** The group, made when there is none; null when there are too many groups or members. */
    make(id: string): Group | null {
      let members = 0;
      for (const { group } of groups.values()) members += group.size();
      return members < MAX_MEMBERS && hasRoom(id) ? entry(id).group : null;
    },

    /** Stores offsets when the member, or nobody for an empty group, may commit. */
    commit(
      id: string,
      memberId: string,
      generation: number,
      offsets: readonly PartitionOffset[],
    ): ErrorCode {
      if (id === '') return ErrorCode.INVALID_GROUP_ID;
      if (!groups.has(id) && generation >= 0) return ErrorCode.ILLEGAL_GENERATION;
      if (!hasRoom(id)) return ErrorCode.GROUP_MAX_SIZE_REACHED;
      const made = entry(id);
      const refused = made.group.commit(memberId, generation, now());
      if (refused !== ErrorCode.NONE) return refused;
      const error = disk.attempt(() =>
        journal.set(
          offsets.map(({ topic, partition, offset, metadata }) => [
            keyOf(id, topic, partition),
            { offset, metadata },
          ]),
        ),
      );
      if (error === ErrorCode.NONE) for (const each of offsets) keep(made, each);
      return error;
    },

    committed: (id: string): ReadonlyMap<string, ReadonlyMap<number, Committed>> =>
      groups.get(id)?.offsets ?? new Map(),

    list: () =>
      [...groups].map(([id, { group }]) => ({ id, protocolType: group.describe().protocolType })),

    delete(id: string): ErrorCode {
      const known = groups.get(id);
      if (!known) return ErrorCode.GROUP_ID_NOT_FOUND;
      if (known.group.state() !== 'Empty') return ErrorCode.NON_EMPTY_GROUP;
      for (const topic of known.offsets.keys()) {
        const error = forget(id, topic);
        if (error !== ErrorCode.NONE) return error;
      }
      groups.delete(id);
      return ErrorCode.NONE;
    },

    /** Drops what was committed for a topic that is gone. */
    forgetTopic(topic: string): void {
      for (const [id, { offsets }] of groups) if (offsets.has(topic)) forget(id, topic);
    },

    /** Removes silent members; groups that hold nothing any more go with them. */
    expire(): void {
      const time = now();
      for (const [id, { group, offsets }] of groups) {
        group.expire(time);
        if (group.isIdle() && offsets.size === 0) groups.delete(id);
      }
    },
  };
}

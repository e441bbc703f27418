// The consumer groups: their members do not outlive the broker, the offsets they committed do.
import {
  type Committed,
  type CommittedOffset,
  createCommittedOffsets,
} from './committed-offsets.ts';
import type { Disk } from './disk.ts';
import { ErrorCode } from './error-code.ts';
import { createGroup, type Group } from './group.ts';
import type { Journal } from './journal.ts';

export type Groups = ReturnType<typeof createGroups>;

/** All groups together: whoever makes more is not a development machine. */
const MAX_GROUPS = 1000;
const MAX_MEMBERS = 1000;
/** What a member may bring with it, and what may be assigned to it. */
export const MAX_MEMBER_BYTES = 128 * 1024;

/** The groups of which the journal knows offsets, and those that members make by joining. */
export function createGroups(deps: {
  journal: Journal<Committed>;
  disk: Disk;
  /** Time in ms for the deadlines of members. */
  now: () => number;
  newId: () => string;
}) {
  const { journal, disk, now, newId } = deps;
  const offsets = createCommittedOffsets(journal, disk);
  const groups = new Map<string, Group>();
  for (const id of offsets.groups()) groups.set(id, newGroup());

  function newGroup(): Group {
    return createGroup((clientId) => `${clientId.slice(0, 200)}-${newId()}`);
  }

  function groupOf(id: string): Group {
    const known = groups.get(id);
    if (known) return known;
    const made = newGroup();
    groups.set(id, made);
    return made;
  }

  const hasRoom = (id: string) => groups.has(id) || groups.size < MAX_GROUPS;

  return {
    now,
    get: (id: string) => groups.get(id),
    /** The group; for an unknown id one without members, which refuses requests as any group refuses a stranger. */
    of: (id: string) => groups.get(id) ?? newGroup(),
    /** The group, made when there is none; null when there are too many groups or members. */
    make(id: string): Group | null {
      let members = 0;
      for (const group of groups.values()) members += group.size();
      return members < MAX_MEMBERS && hasRoom(id) ? groupOf(id) : null;
    },

    /** Stores offsets when the member, or nobody for an empty group, may commit. */
    commit(
      id: string,
      memberId: string,
      generation: number,
      committed: readonly CommittedOffset[],
    ): ErrorCode {
      if (id === '') return ErrorCode.INVALID_GROUP_ID;
      if (!groups.has(id) && generation >= 0) return ErrorCode.ILLEGAL_GENERATION;
      if (!hasRoom(id)) return ErrorCode.GROUP_MAX_SIZE_REACHED;
      const refused = groupOf(id).commit(memberId, generation, now());
      return refused === ErrorCode.NONE ? offsets.save(id, committed) : refused;
    },

    /** By topic and partition. */
    committed: offsets.of,

    list: () =>
      [...groups].map(([id, group]) => ({ id, protocolType: group.describe().protocolType })),

    delete(id: string): ErrorCode {
      const group = groups.get(id);
      if (!group) return ErrorCode.GROUP_ID_NOT_FOUND;
      if (group.state() !== 'Empty') return ErrorCode.NON_EMPTY_GROUP;
      for (const topic of [...offsets.of(id).keys()]) {
        const error = offsets.forget(id, topic);
        if (error !== ErrorCode.NONE) return error;
      }
      groups.delete(id);
      return ErrorCode.NONE;
    },

    /** Drops what was committed for a topic that is gone. */
    forgetTopic(topic: string): void {
      for (const id of offsets.groups()) if (offsets.of(id).has(topic)) offsets.forget(id, topic);
    },

    /** Removes silent members; groups that hold nothing any more go with them. */
    expire(): void {
      const time = now();
      for (const [id, group] of groups) {
        group.expire(time);
        if (group.isIdle() && offsets.of(id).size === 0) groups.delete(id);
      }
    },
  };
}

// The consumer groups and the offsets they committed; the offsets outlive the broker, members do not.
import type { Disk } from './disk.ts';
import { ErrorCode } from './error-code.ts';
import {
  createGroup,
  type Group,
  type JoinAnswer,
  type JoinRequest,
  refuseJoin,
  type SyncAnswer,
  type SyncRequest,
} from './group.ts';
import type { Journal } from './journal.ts';

/** As kept in the journal under `[group, topic, partition]`. */
export type Committed = { readonly offset: number; readonly metadata: string };

export type PartitionOffset = Committed & { readonly topic: string; readonly partition: number };

export type Groups = ReturnType<typeof createGroups>;

type Dependencies = {
  journal: Journal<Committed>;
  disk: Disk;
  /** Time in ms for the deadlines of members. */
  now: () => number;
  newId: () => string;
};

type Entry = { readonly group: Group; readonly offsets: Map<string, PartitionOffset> };

const none = Buffer.alloc(0);

/** The groups of which the journal knows offsets, and those that members make by joining. */
export function createGroups({ journal, disk, now, newId }: Dependencies) {
  const groups = new Map<string, Entry>();
  const newMemberId = (clientId: string) => `${clientId.slice(0, 200)}-${newId()}`;
  const offsetKey = (topic: string, partition: number) => `${topic}/${partition}`;
  const journalKey = (id: string, { topic, partition }: PartitionOffset) =>
    JSON.stringify([id, topic, partition]);

  for (const [key, committed] of journal.entries) {
    const [id, topic, partition] = JSON.parse(key);
    entry(id).offsets.set(offsetKey(topic, partition), { ...committed, topic, partition });
  }

  function entry(id: string): Entry {
    const known = groups.get(id);
    if (known) return known;
    const made = { group: createGroup(newMemberId), offsets: new Map() };
    groups.set(id, made);
    return made;
  }

  function forget(id: string, gone: readonly PartitionOffset[]): ErrorCode {
    const error = disk.attempt(() =>
      journal.set(gone.map((offset) => [journalKey(id, offset), undefined])),
    );
    if (error !== ErrorCode.NONE) return error;
    for (const { topic, partition } of gone) {
      groups.get(id)?.offsets.delete(offsetKey(topic, partition));
    }
    return ErrorCode.NONE;
  }

  return {
    /** The answer, or null when it comes later by `reply`. */
    join(id: string, request: JoinRequest, reply: (answer: JoinAnswer) => void) {
      if (id === '') return refuseJoin(ErrorCode.INVALID_GROUP_ID, request.memberId);
      if (request.memberId === '') return entry(id).group.join(request, now(), reply);
      const known = groups.get(id);
      if (known) return known.group.join(request, now(), reply);
      return refuseJoin(ErrorCode.UNKNOWN_MEMBER_ID, request.memberId);
    },

    /** The answer, or null when it comes later by `reply`. */
    sync(id: string, request: SyncRequest, reply: (answer: SyncAnswer) => void) {
      const known = groups.get(id);
      if (known) return known.group.sync(request, now(), reply);
      return { error: ErrorCode.UNKNOWN_MEMBER_ID, assignment: none };
    },

    heartbeat: (id: string, memberId: string, generation: number): ErrorCode =>
      groups.get(id)?.group.heartbeat(memberId, generation, now()) ?? ErrorCode.UNKNOWN_MEMBER_ID,

    leave: (id: string, memberId: string): ErrorCode =>
      groups.get(id)?.group.leave(memberId, now()) ?? ErrorCode.UNKNOWN_MEMBER_ID,

    /** Stores offsets when the member, or nobody for an empty group, may commit. */
    commit(
      id: string,
      memberId: string,
      generation: number,
      offsets: readonly PartitionOffset[],
    ): ErrorCode {
      if (id === '') return ErrorCode.INVALID_GROUP_ID;
      if (!groups.has(id) && generation >= 0) return ErrorCode.ILLEGAL_GENERATION;
      const { group, offsets: kept } = entry(id);
      const refused = group.commit(memberId, generation, now());
      if (refused !== ErrorCode.NONE || offsets.length === 0) return refused;
      const error = disk.attempt(() =>
        journal.set(
          offsets.map((each) => [
            journalKey(id, each),
            { offset: each.offset, metadata: each.metadata },
          ]),
        ),
      );
      if (error !== ErrorCode.NONE) return error;
      for (const each of offsets) kept.set(offsetKey(each.topic, each.partition), each);
      return ErrorCode.NONE;
    },

    committed: (id: string) => [...(groups.get(id)?.offsets.values() ?? [])],

    describe: (id: string) => groups.get(id)?.group.describe(),
    list: () =>
      [...groups].map(([id, { group }]) => ({ id, protocolType: group.describe().protocolType })),

    delete(id: string): ErrorCode {
      const known = groups.get(id);
      if (!known) return ErrorCode.GROUP_ID_NOT_FOUND;
      if (known.group.state() !== 'Empty') return ErrorCode.NON_EMPTY_GROUP;
      const error = forget(id, [...known.offsets.values()]);
      if (error === ErrorCode.NONE) groups.delete(id);
      return error;
    },

    /** Drops what was committed for a topic that is gone. */
    forgetTopic(topic: string): void {
      for (const [id, { offsets }] of groups) {
        const gone = [...offsets.values()].filter((each) => each.topic === topic);
        if (gone.length > 0) forget(id, gone);
      }
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

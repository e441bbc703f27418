// The offsets that groups committed: they outlive the broker.
import type { Disk } from './disk.ts';
import { ErrorCode } from './error-code.ts';
import type { Journal } from './journal.ts';

/** As kept in the journal under `[group, topic, partition]`. */
export type Committed = { readonly offset: number; readonly metadata: string };

export type CommittedOffset = Committed & { readonly topic: string; readonly partition: number };

/** By topic and partition. */
type OffsetsOfGroup = ReadonlyMap<string, ReadonlyMap<number, Committed>>;

export type CommittedOffsets = {
  /** The groups that committed something. */
  groups(): string[];
  of(group: string): OffsetsOfGroup;
  /** Writes, then applies; on an error nothing has changed. */
  save(group: string, offsets: readonly CommittedOffset[]): ErrorCode;
  /** Drops what a group committed for a topic. */
  forget(group: string, topic: string): ErrorCode;
};

/** What the journal holds. */
export function createCommittedOffsets(journal: Journal<Committed>, disk: Disk): CommittedOffsets {
  const groups = new Map<string, Map<string, Map<number, Committed>>>();
  for (const [key, { offset, metadata }] of journal.entries) {
    const [group, topic, partition] = parseKey(key)!;
    keep(group, { topic, partition, offset, metadata });
  }

  function keep(group: string, { topic, partition, offset, metadata }: CommittedOffset): void {
    const topics = groups.get(group) ?? new Map<string, Map<number, Committed>>();
    const partitions = topics.get(topic) ?? new Map<number, Committed>();
    groups.set(group, topics.set(topic, partitions.set(partition, { offset, metadata })));
  }

  return {
    groups: () => [...groups.keys()],
    of: (group) => groups.get(group) ?? new Map(),
    save(group, offsets) {
      const error = disk.attempt(() =>
        journal.set(
          offsets.map(({ topic, partition, offset, metadata }) => [
            keyOf(group, topic, partition),
            { offset, metadata },
          ]),
        ),
      );
      if (error === ErrorCode.NONE) for (const each of offsets) keep(group, each);
      return error;
    },
    forget(group, topic) {
      const topics = groups.get(group);
      const partitions = [...(topics?.get(topic)?.keys() ?? [])];
      const error = disk.attempt(() =>
        journal.set(partitions.map((partition) => [keyOf(group, topic, partition), undefined])),
      );
      if (error !== ErrorCode.NONE) return error;
      topics?.delete(topic);
      if (topics?.size === 0) groups.delete(group);
      return error;
    },
  };
}

/** Whether a line of the journal can have been written by this code: a file may hold anything. */
export function isCommitted(key: string, value: unknown): boolean {
  const { offset, metadata } = (value ?? {}) as Partial<Committed>;
  return parseKey(key) !== null && Number.isSafeInteger(offset) && typeof metadata === 'string';
}

function keyOf(...of: [group: string, topic: string, partition: number]): string {
  return JSON.stringify(of);
}

function parseKey(key: string): [group: string, topic: string, partition: number] | null {
  try {
    const [group, topic, partition] = JSON.parse(key);
    const isKey = typeof group === 'string' && typeof topic === 'string';
    return isKey && Number.isInteger(partition) ? [group, topic, partition] : null;
  } catch {
    return null;
  }
}

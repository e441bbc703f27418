// The topics and their partitions: what exists, where it is kept, and the bound on how much.
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { ErrorCode } from './error-code.ts';
import { openJournal } from './journal.ts';
import type { Logger } from './logger.ts';
import { openPartitionLog, type PartitionLog } from './partition-log.ts';
import { createFileSegments, createMemorySegments } from './segments.ts';
import { configNumber, neglected, type TopicConfig } from './topic-config.ts';

/** All topics together. */
const MAX_PARTITIONS = 1000;
/** Marks a folder whose topic is gone: what is not marked is never removed. */
const DELETED = '.deleted';
/** What memory keeps per partition at most, whatever the topic says. */
const MEMORY_RETENTION = 256 * 1024 * 1024;

/** As kept in the journal; `id`, a UUID, makes a topic that is deleted and made again another one. */
type Stored = { readonly id: string; readonly partitions: number; readonly config: TopicConfig };

export type Topic = Stored & {
  readonly name: string;
  /** The id as clients are told it: 32 hexadecimal digits (KIP-516). */
  readonly uuid: string;
  readonly logs: readonly PartitionLog[];
};
export type Topics = ReturnType<typeof openTopics>;

type Dependencies = {
  /** Null keeps everything in memory. */
  directory: string | null;
  disk: Disk;
  logger: Logger;
  newId: () => string;
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const isCount = (value: unknown, most: number) =>
  Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most;

/** Whether a line of the journal can have been written by this code: a file may hold anything. */
function isStored(name: string, value: unknown): boolean {
  const { id, partitions, config } = (value ?? {}) as Partial<Stored>;
  const isPlaced = isTopicName(name) && typeof id === 'string' && UUID.test(id);
  if (!isPlaced || !isCount(partitions, MAX_PARTITIONS) || typeof config !== 'object') return false;
  return Object.values(config ?? {}).every((each) => typeof each === 'string');
}

/** Whether Kafka would take it as the name of a topic; then it is also safe as part of a path. */
export function isTopicName(name: string): boolean {
  return /^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..';
}

/** Opens what the folder holds. Throws what the file system throws. */
export function openTopics({ directory, disk, logger, newId }: Dependencies) {
  const inFolder = (name: string) => (directory === null ? null : join(directory, name));
  const damaged = (what: string) => logger.warn('embedded broker', { what });
  const stored = openJournal<Stored>(inFolder('topics.jsonl'), isStored, damaged);
  const isOffset = (_: string, value: unknown) => isCount(value, Number.MAX_SAFE_INTEGER);
  const starts = openJournal<number>(inFolder('starts.jsonl'), isOffset, damaged);
  const topics = new Map<string, Topic>();
  for (const [name, topic] of stored.entries) {
    if (topic.partitions <= room()) put(name, topic);
    else damaged(`more than ${MAX_PARTITIONS} partitions: ${name} is left out`);
  }
  removeDeleted();

  /** The name is there for the reader: alone it would not do where `A` and `a` are one file. */
  function folder(name: string, id: string): string {
    return `${name.slice(0, 200)}.${id}`;
  }

  function openLog(name: string, { id, config }: Stored, partition: number): PartitionLog {
    const key = `${id}/${partition}`;
    const common = {
      startOffset: starts.entries.get(key) ?? 0,
      saveStart: (offset: number) => void disk.attempt(() => starts.set([[key, offset]])),
      onDamage: (what: string) => logger.warn('embedded broker', { topic: name, partition, what }),
    };
    const retentionBytes = retentionOf(config);
    if (directory === null) {
      return openPartitionLog({ ...common, store: createMemorySegments(), retentionBytes });
    }
    const path = join(directory, 'topics', folder(name, id), String(partition));
    return openPartitionLog({ ...common, store: createFileSegments(path), retentionBytes });
  }

  function retentionOf(config: TopicConfig): number {
    const wanted = configNumber(config, 'retention.bytes');
    if (directory !== null) return wanted;
    return wanted < 0 ? MEMORY_RETENTION : Math.min(wanted, MEMORY_RETENTION);
  }

  function put(name: string, topic: Stored): void {
    const logs = [...(topics.get(name)?.logs ?? [])];
    for (const log of logs) log.retain(retentionOf(topic.config));
    while (logs.length < topic.partitions) logs.push(openLog(name, topic, logs.length));
    topics.set(name, { ...topic, name, uuid: topic.id.replaceAll('-', ''), logs });
  }

  /** Removes the files of deleted topics, also of those whose removal was cut short. */
  function removeDeleted(): void {
    if (directory === null) return;
    const path = join(directory, 'topics');
    for (const name of readdirSync(path).filter((each) => each.endsWith(DELETED))) {
      rmSync(join(path, name), { recursive: true, force: true });
    }
  }

  function room(): number {
    let used = 0;
    for (const { partitions } of topics.values()) used += partitions;
    return MAX_PARTITIONS - used;
  }

  function save(name: string, topic: Stored): ErrorCode {
    const error = disk.attempt(() => stored.set([[name, topic]]));
    if (error === ErrorCode.NONE) put(name, topic);
    return error;
  }

  /** Settings made for production are welcome all the same. */
  function tellNeglected(topic: string, config: TopicConfig): void {
    const without = neglected(config);
    if (without.length > 0)
      logger.warn('embedded broker: settings without effect', { topic, without });
  }

  return {
    get: (name: string) => topics.get(name),
    byId: (uuid: string) => [...topics.values()].find((topic) => topic.uuid === uuid),
    list: () => [...topics.values()],
    log: (name: string, partition: number) => topics.get(name)?.logs[partition],

    /** Makes a topic, or, on a dry run, only tells what that would meet. */
    create(name: string, partitions: number, config: TopicConfig, dryRun = false): ErrorCode {
      if (!isTopicName(name)) return ErrorCode.INVALID_TOPIC_EXCEPTION;
      if (topics.has(name)) return ErrorCode.TOPIC_ALREADY_EXISTS;
      if (partitions < 1) return ErrorCode.INVALID_PARTITIONS;
      if (partitions > room()) return ErrorCode.POLICY_VIOLATION;
      if (dryRun) return ErrorCode.NONE;
      tellNeglected(name, config);
      return save(name, { id: newId(), partitions, config });
    },

    /** Replaces the settings that were made. */
    configure(name: string, config: TopicConfig): ErrorCode {
      const topic = topics.get(name);
      if (!topic) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      tellNeglected(name, config);
      return save(name, { id: topic.id, partitions: topic.partitions, config });
    },

    grow(name: string, partitions: number, dryRun: boolean): ErrorCode {
      const topic = topics.get(name);
      if (!topic) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      if (partitions <= topic.partitions) return ErrorCode.INVALID_PARTITIONS;
      if (partitions - topic.partitions > room()) return ErrorCode.POLICY_VIOLATION;
      const { id, config } = topic;
      return dryRun ? ErrorCode.NONE : save(name, { id, partitions, config });
    },

    delete(name: string): ErrorCode {
      const topic = topics.get(name);
      if (!topic) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      const error = disk.attempt(() => {
        stored.set([[name, undefined]]);
        const kept = [...starts.entries.keys()].filter((key) => key.startsWith(`${topic.id}/`));
        starts.set(kept.map((key) => [key, undefined]));
      });
      if (stored.entries.has(name)) return error;
      topics.delete(name);
      disk.attempt(() => {
        for (const log of topic.logs) log.remove();
        if (directory === null) return;
        const path = join(directory, 'topics', folder(name, topic.id));
        if (existsSync(path)) renameSync(path, path + DELETED);
        removeDeleted();
      });
      return ErrorCode.NONE;
    },

    /** Forces what was written to the disk, without waiting. */
    flush(): void {
      const failed = disk.flushFailed;
      for (const { logs } of topics.values()) for (const log of logs) log.flush(failed);
      stored.flush(failed);
      starts.flush(failed);
    },

    close(): void {
      for (const { logs } of topics.values()) for (const log of logs) log.close();
      stored.close();
      starts.close();
    },
  };
}

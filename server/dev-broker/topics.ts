// The topics and their partitions: what exists, and the bound on how much.
import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { ErrorCode } from './error-code.ts';
import { openJournal } from './journal.ts';
import type { Logger } from './logger.ts';
import type { PartitionLog } from './partition-log.ts';
import { isStoredTopic, isTopicName, MAX_PARTITIONS, type StoredTopic } from './stored-topic.ts';
import { neglected, type TopicConfig } from './topic-config.ts';
import { openTopicStorage } from './topic-storage.ts';

export type Topic = StoredTopic & {
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

/** Opens what the folder holds. Throws what the file system throws. */
export function openTopics({ directory, disk, logger, newId }: Dependencies) {
  const damaged = (what: string) => logger.warn('embedded broker', { what });
  const path = directory === null ? null : join(directory, 'topics.jsonl');
  const stored = openJournal<StoredTopic>(path, isStoredTopic, damaged);
  const storage = openTopicStorage({ directory, disk, logger, damaged });
  const topics = new Map<string, Topic>();
  for (const [name, topic] of stored.entries) {
    if (topic.partitions <= room()) put(name, topic);
    else damaged(`more than ${MAX_PARTITIONS} partitions: ${name} is left out`);
  }

  function put(name: string, topic: StoredTopic): void {
    const logs = [...(topics.get(name)?.logs ?? [])];
    for (const log of logs) log.retain(storage.retentionOf(topic.config));
    while (logs.length < topic.partitions) logs.push(storage.openLog(name, topic, logs.length));
    topics.set(name, { ...topic, name, uuid: topic.id.replaceAll('-', ''), logs });
  }

  function room(): number {
    let used = 0;
    for (const { partitions } of topics.values()) used += partitions;
    return MAX_PARTITIONS - used;
  }

  function save(name: string, topic: StoredTopic): ErrorCode {
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
        storage.forgetStarts(topic.id);
      });
      if (stored.entries.has(name)) return error;
      topics.delete(name);
      disk.attempt(() => {
        for (const log of topic.logs) log.remove();
        storage.remove(name, topic.id);
      });
      return ErrorCode.NONE;
    },

    /** Forces what was written to the disk, without waiting. */
    flush(): void {
      const failed = disk.flushFailed;
      for (const { logs } of topics.values()) for (const log of logs) log.flush(failed);
      stored.flush(failed);
      storage.flush(failed);
    },

    close(): void {
      for (const { logs } of topics.values()) for (const log of logs) log.close();
      stored.close();
      storage.close();
    },
  };
}

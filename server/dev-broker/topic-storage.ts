// Where the logs of topics are: in a folder for each topic, or in memory.
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { openJournal } from './journal.ts';
import type { Logger } from './logger.ts';
import { openPartitionLog, type PartitionLog } from './partition-log.ts';
import { createFileSegments, createMemorySegments } from './segments.ts';
import { isCount, type StoredTopic } from './stored-topic.ts';
import { configNumber, type TopicConfig } from './topic-config.ts';

/** Marks a folder whose topic is gone: what is not marked is never removed. */
const DELETED = '.deleted';
/** What memory keeps per partition at most, whatever the topic says. */
const MEMORY_RETENTION = 256 * 1024 * 1024;

export type TopicStorage = ReturnType<typeof openTopicStorage>;

/** Opens the folder, or memory for null. Throws what the file system throws. */
export function openTopicStorage(deps: {
  directory: string | null;
  disk: Disk;
  logger: Logger;
  /** Told in words what of a file was not used. */
  damaged: (what: string) => void;
}) {
  const { directory, disk, logger, damaged } = deps;
  const isOffset = (_: string, value: unknown) => isCount(value, Number.MAX_SAFE_INTEGER);
  const path = directory === null ? null : join(directory, 'starts.jsonl');
  /** Where DeleteRecords had moved the start of a partition to, under `id/partition`. */
  const starts = openJournal<number>(path, isOffset, damaged);
  removeDeleted();

  /** Also of those topics whose removal was cut short. */
  function removeDeleted(): void {
    if (directory === null) return;
    const path = join(directory, 'topics');
    for (const name of readdirSync(path).filter((each) => each.endsWith(DELETED))) {
      rmSync(join(path, name), { recursive: true, force: true });
    }
  }

  function retentionOf(config: TopicConfig): number {
    const wanted = configNumber(config, 'retention.bytes');
    if (directory !== null) return wanted;
    return wanted < 0 ? MEMORY_RETENTION : Math.min(wanted, MEMORY_RETENTION);
  }

  return {
    retentionOf,

    openLog(name: string, { id, config }: StoredTopic, partition: number): PartitionLog {
      const key = `${id}/${partition}`;
      return openPartitionLog({
        startOffset: starts.entries.get(key) ?? 0,
        saveStart: (offset: number) => void disk.attempt(() => starts.set([[key, offset]])),
        onDamage: (what) => logger.warn('embedded broker', { topic: name, partition, what }),
        retentionBytes: retentionOf(config),
        store:
          directory === null
            ? createMemorySegments()
            : createFileSegments(join(directory, 'topics', folder(name, id), String(partition))),
      });
    },

    /** Forgets where the partitions of a topic began. */
    forgetStarts(id: string): void {
      const kept = [...starts.entries.keys()].filter((key) => key.startsWith(`${id}/`));
      starts.set(kept.map((key) => [key, undefined]));
    },

    /** Removes the folder of a topic whose logs are removed. */
    remove(name: string, id: string): void {
      if (directory === null) return;
      const path = join(directory, 'topics', folder(name, id));
      if (existsSync(path)) renameSync(path, path + DELETED);
      removeDeleted();
    },

    flush: starts.flush,
    close: starts.close,
  };
}

/** The name is there for the reader: alone it would not do where `A` and `a` are one file. */
function folder(name: string, id: string): string {
  return `${name.slice(0, 200)}.${id}`;
}

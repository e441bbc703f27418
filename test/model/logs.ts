// Kafka as the model has it: topics with one partition, and appends that may go wrong on their way.
import { AppError } from '../../server/errors.ts';
import type { Bounds, LogReader, LogWriter } from '../../server/log/ports.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import { emptyLog, follow, type PartitionLog, push, recreate, takeOut } from './partition-log.ts';
import type { Host, Scheduler } from './scheduler.ts';

/**
 * What becomes of an append: acknowledged; written, but the acknowledgement is lost; refused for now;
 * given up, but written later; acknowledged and written once more later.
 */
export type Fate = 'acknowledged' | 'unheard' | 'refused' | 'late' | 'twice';

/** A record that has just been written. */
export type Landing = {
  readonly topic: string;
  readonly offset: number;
  readonly record: RecordContent;
  /** In a batch that nobody can read. */
  readonly damaged: boolean;
};

type Append = { readonly topic: string; readonly records: readonly RecordContent[] };

export type Logs = {
  portsOf(host: Host): { reader: LogReader; writer: LogWriter };
  boundsOf(topic: string): Bounds;
  /** What is there and can be read, in its order. */
  recordsOf(topic: string): { readonly offset: number; readonly record: RecordContent }[];
  /** The first offset. */
  append(topic: string, records: readonly RecordContent[], oddity?: 'damaged'): number;
  /** Leaves an offset without a record: the end of a transaction, or what compaction left. */
  leaveOut(topic: string, how: 'control' | 'hole'): void;
  deleteBelow(topic: string, offset: number): void;
  /** Takes out one record, as compaction does; whether there was one to be taken. */
  compact(topic: string, offset: number): boolean;
  /** Deletes the topic and creates it anew, with another id. */
  recreate(topic: string): void;
  /** The next append meets this fate. */
  doom(fate: Fate): void;
  /** How many appends are held up on their way. */
  readonly delayed: number;
  /** One of them arrives after all, or never. */
  release(arrives: boolean): void;
  /** Whether anything that was sent to the topic may still arrive. */
  isAwaited(topic: string): boolean;
};

const CONTROL = { timestamp: 1, key: Buffer.from([0, 0, 0, 1]), value: null, headers: [] };

/** A topic's id, by how many of its name there were before. */
export function idOf({ generation }: { generation: number }): string {
  return generation.toString(16).padStart(32, '0');
}

export function createLogs(scheduler: Scheduler, onLanding: (landing: Landing) => void): Logs {
  const { pick, later } = scheduler;
  const network: Host = { name: 'network', state: 'running', skew: 0 };
  const logs = new Map<string, PartitionLog>();
  const dooms: Fate[] = [];
  const underway = new Set<Append>();
  const delayed: Append[] = [];

  function logOf(topic: string): PartitionLog {
    let log = logs.get(topic);
    if (log === undefined) {
      log = emptyLog();
      logs.set(topic, log);
    }
    return log;
  }

  function wakeAll(log: PartitionLog): void {
    for (const wake of log.readers) wake();
  }

  function append(topic: string, records: readonly RecordContent[], oddity?: 'damaged'): number {
    const log = logOf(topic);
    const first = push(log, records, oddity);
    for (const [i, record] of records.entries()) {
      onLanding({ topic, offset: first + i, record, damaged: oddity !== undefined });
    }
    wakeAll(log);
    return first;
  }

  function arrive(sent: Append): number {
    underway.delete(sent);
    return append(sent.topic, sent.records);
  }

  function holdUp(sent: Append): void {
    underway.add(sent);
    delayed.push(sent);
  }

  /** What a process sent just before it died arrives, or arrives later, or never does. */
  function arriveOrphaned(sent: Append): void {
    const luck = pick(3);
    if (luck === 0) void arrive(sent);
    else if (luck === 1) delayed.push(sent);
    else underway.delete(sent);
  }

  function send(host: Host, topic: string, records: readonly RecordContent[]): Promise<number> {
    const fate = dooms.shift() ?? 'acknowledged';
    const sent = { topic, records };
    return new Promise((resolve, reject) => {
      const refuse = () =>
        later(host, () => reject(new AppError('TIMEOUT', 'no answer from the broker', true)));
      if (fate === 'refused' || fate === 'late') {
        if (fate === 'late') holdUp(sent);
        refuse();
        return;
      }
      underway.add(sent);
      later(network, () => {
        if (host.state === 'crashed') return arriveOrphaned(sent);
        const first = arrive(sent);
        if (fate === 'twice') holdUp({ ...sent });
        if (fate === 'unheard') refuse();
        else later(host, () => resolve(first));
      });
    });
  }

  return {
    append,
    portsOf: (host) => ({
      reader: {
        bounds({ topic }) {
          const { low, high } = logOf(topic);
          return new Promise((resolve) => later(host, () => resolve({ low, high })));
        },
        topicId: (topic) =>
          new Promise((resolve) => later(host, () => resolve(idOf(logOf(topic))))),
        follow: ({ topic }, from, follower) =>
          follow(scheduler, host, logOf(topic), from, follower),
      },
      writer: { append: ({ topic }, records) => send(host, topic, records) },
    }),
    boundsOf: logOf,
    recordsOf: (topic) => {
      const { low, batches } = logOf(topic);
      return batches
        .filter(({ oddity }) => oddity === undefined)
        .flatMap(({ first, records }) =>
          records.map((record, i) => ({ offset: first + i, record })),
        )
        .filter(({ offset }) => offset >= low);
    },
    leaveOut(topic, how) {
      const log = logOf(topic);
      if (how === 'hole') log.hole += 1;
      else push(log, [CONTROL], 'control');
      wakeAll(log);
    },
    deleteBelow(topic, offset) {
      const log = logOf(topic);
      log.low = Math.max(log.low, Math.min(offset, log.high));
      log.batches = log.batches.filter(({ next }) => next > log.low);
      wakeAll(log);
    },
    compact: (topic, offset) => takeOut(logOf(topic), offset),
    recreate(topic) {
      recreate(logOf(topic));
      wakeAll(logOf(topic));
    },
    doom: (fate) => void dooms.push(fate),
    get delayed() {
      return delayed.length;
    },
    release(arrives) {
      const [sent] = delayed.splice(pick(delayed.length), 1);
      if (sent === undefined) return;
      if (arrives) void arrive(sent);
      else underway.delete(sent);
    },
    isAwaited: (topic) => [...underway].some((sent) => sent.topic === topic),
  };
}

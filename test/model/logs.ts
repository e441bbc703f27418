// Kafka as the model has it: three logs, whole in memory, and appends that may go wrong on their way.
import { AppError } from '../../server/errors.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import type { Bounds, Follower, LogReader, LogWriter } from '../../server/stream/log.ts';
import type { Host, Scheduler } from './scheduler.ts';

/**
 * What becomes of an append: acknowledged; written, but the acknowledgement is lost; refused for now;
 * given up, but written later; acknowledged and written once more later.
 */
export type Fate = 'acknowledged' | 'unheard' | 'refused' | 'late' | 'twice';

export type Landing = { topic: string; host: Host; offset: number; record: RecordContent };

type Batch = { readonly next: number; readonly bytes: Buffer };
type Log = {
  low: number;
  high: number;
  /** Offsets that the next batch leaves out. */
  hole: number;
  batches: Batch[];
  readers: Set<() => void>;
};
type Append = { readonly topic: string; readonly records: readonly RecordContent[]; host: Host };

export type Logs = {
  portsOf(host: Host): { reader: LogReader; writer: LogWriter };
  boundsOf(topic: string): Bounds;
  append(topic: string, records: readonly RecordContent[], host: Host): void;
  /** Leaves an offset without a record: the end of a transaction, or what compaction left. */
  skip(topic: string, how: 'control' | 'hole'): void;
  deleteBelow(topic: string, offset: number): void;
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
const EMPTY = Buffer.alloc(0);

export function createLogs(scheduler: Scheduler, onLanding: (landing: Landing) => void): Logs {
  const { pick, later } = scheduler;
  const network: Host = { name: 'network', state: 'running' };
  const logs = new Map<string, Log>();
  const dooms: Fate[] = [];
  const underway = new Set<Append>();
  const delayed: Append[] = [];

  function logOf(topic: string): Log {
    let log = logs.get(topic);
    if (log === undefined) {
      log = { low: 0, high: 0, hole: 0, batches: [], readers: new Set() };
      logs.set(topic, log);
    }
    return log;
  }

  function push(log: Log, records: readonly RecordContent[], control = false): number {
    const first = log.high + log.hole;
    log.hole = 0;
    log.high = first + records.length;
    const bytes = encodeBatch(records, { baseOffset: first, control });
    log.batches.push({ next: log.high, bytes });
    return first;
  }

  function wakeAll(log: Log): void {
    for (const wake of log.readers) wake();
  }

  function append(topic: string, records: readonly RecordContent[], host: Host): void {
    const log = logOf(topic);
    const first = push(log, records);
    for (const [i, record] of records.entries()) {
      onLanding({ topic, host, offset: first + i, record });
    }
    wakeAll(log);
  }

  function arrive(sent: Append): void {
    underway.delete(sent);
    append(sent.topic, sent.records, sent.host);
  }

  function holdUp(sent: Append): void {
    underway.add(sent);
    delayed.push(sent);
  }

  /** What a process sent just before it died arrives, or arrives later, or never does. */
  function arriveOrphaned(sent: Append): void {
    const luck = pick(3);
    if (luck === 0) arrive(sent);
    else if (luck === 1) delayed.push(sent);
    else underway.delete(sent);
  }

  function send(host: Host, topic: string, records: readonly RecordContent[]): Promise<number> {
    const fate = dooms.shift() ?? 'acknowledged';
    const sent = { topic, records, host };
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
        arrive(sent);
        if (fate === 'twice') holdUp({ ...sent });
        if (fate === 'unheard') refuse();
        else later(host, () => resolve(0));
      });
    });
  }

  function take(log: Log, position: number) {
    const first = log.batches.findIndex(({ next }) => next > position);
    const last = first < 0 ? 0 : first + 1 + pick(log.batches.length - first);
    const batches = first < 0 ? [] : log.batches.slice(first, last);
    return {
      next: batches.at(-1)?.next ?? position,
      set: {
        bytes: batches.length === 0 ? EMPTY : Buffer.concat(batches.map(({ bytes }) => bytes)),
        aborted: [],
        highWatermark: log.high,
        lastStableOffset: log.high,
      },
    };
  }

  function follow(host: Host, log: Log, from: number, follower: Follower) {
    let position = from;
    let idle = true;
    let open = true;
    let polled = false;

    function close(): void {
      open = false;
      log.readers.delete(wake);
    }

    function wake(): void {
      if (!idle || (polled && position >= log.low && position === log.high)) return;
      idle = false;
      polled = true;
      // Half of the answers are as old as the request.
      const taken = pick(2) === 0 && position >= log.low ? take(log, position) : null;
      later(host, () => void work(taken ?? take(log, position), taken === null));
    }

    async function work({ set, next }: ReturnType<typeof take>, fresh: boolean): Promise<void> {
      if (!open) return;
      try {
        if (fresh && (position < log.low || position > log.high)) {
          position = follower.outOfRange(position, { low: log.low, high: log.high });
        } else {
          position = next;
          await follower.records(set);
        }
        idle = true;
        if (open) wake();
      } catch (error) {
        if (!open) return;
        close();
        follower.failed(error);
      }
    }

    log.readers.add(wake);
    wake();
    return { close };
  }

  return {
    append,
    portsOf: (host) => ({
      reader: {
        bounds({ topic }) {
          const { low, high } = logOf(topic);
          return new Promise((resolve) => later(host, () => resolve({ low, high })));
        },
        follow: ({ topic }, from, follower) => follow(host, logOf(topic), from, follower),
      },
      writer: { append: ({ topic }, records) => send(host, topic, records) },
    }),
    boundsOf: logOf,
    skip(topic, how) {
      const log = logOf(topic);
      if (how === 'hole') log.hole += 1;
      else push(log, [CONTROL], true);
      wakeAll(log);
    },
    deleteBelow(topic, offset) {
      const log = logOf(topic);
      log.low = Math.max(log.low, Math.min(offset, log.high));
      log.batches = log.batches.filter(({ next }) => next > log.low);
      wakeAll(log);
    },
    doom: (fate) => void dooms.push(fate),
    get delayed() {
      return delayed.length;
    },
    release(arrives) {
      const [sent] = delayed.splice(pick(delayed.length), 1);
      if (sent === undefined) return;
      if (arrives) arrive(sent);
      else underway.delete(sent);
    },
    isAwaited: (topic) => [...underway].some((sent) => sent.topic === topic),
  };
}

// What is under way and has to come to an end: since when, how often, and what went wrong last. A
// partition on which nothing happens has nothing under way for long, so it never counts as stuck.
import { describe } from '../errors.ts';
import type { Clock } from './clock.ts';
import { nameOf, type TopicPartition } from './ports.ts';

/**
 * `read`: Kafka was asked for records and has not answered (no new records is an answer). `write`: an
 * append that is tried until it succeeds. `work`: records that were read and not taken yet. `handle`: a
 * call of the order handler.
 */
export type Doing = 'read' | 'write' | 'work' | 'handle';

/** Something under way. `done` may be called more than once. */
export type Attempt = {
  /** It failed and is tried again. */
  failed(error: unknown): void;
  /** It has succeeded, or nobody waits for it any more. */
  done(): void;
};

/** Something that takes long: the oldest of its kind and place. */
export type Stall = {
  readonly doing: Doing;
  readonly tp: TopicPartition;
  /** Ms since 1970. */
  readonly since: number;
  readonly error: string | null;
  /** Of the order, for `handle`. */
  readonly offset: number | null;
  /** How many of the same kind and place are under way, this one included. */
  readonly count: number;
};

/** For those who do the work. */
export type ProgressWriter = {
  begin(doing: Doing, tp: TopicPartition, offset?: number): Attempt;
  /** Something worth knowing that stops nothing; null takes it back. */
  note(key: string, words: string | null): void;
  /** How the last attempt to read a partition ended; null when Kafka served it. */
  readEnded(tp: TopicPartition, error: string | null): void;
};

/** For those who look at it. */
export type ProgressReader = {
  notes(): readonly string[];
  /** What has been under way for longer than `bound` ms, time before `from` (monotonic) not counted. */
  stalls(bound: number, from?: number): Stall[];
};

export type Progress = ProgressWriter & ProgressReader;

type Entry = {
  readonly doing: Doing;
  readonly tp: TopicPartition;
  readonly offset: number | null;
  readonly beganAt: number;
  readonly since: number;
  error: string | null;
};

/** Nothing under way yet. */
export function createProgress(clock: Pick<Clock, 'now' | 'monotonic'>): Progress {
  /** By kind and place; in each the oldest is the first. */
  const underWay = new Map<string, Set<Entry>>();
  const readErrors = new Map<string, string>();
  const notes = new Map<string, string>();

  function toStall(entries: ReadonlySet<Entry>, bound: number, from: number): Stall[] {
    const [oldest] = entries;
    if (oldest === undefined) return [];
    const { doing, tp, since, offset, beganAt } = oldest;
    if (clock.monotonic() - Math.max(beganAt, from) <= bound) return [];
    const readError = doing === 'read' ? (readErrors.get(nameOf(tp)) ?? null) : null;
    return [{ doing, tp, since, offset, error: oldest.error ?? readError, count: entries.size }];
  }

  return {
    begin(doing, tp, offset) {
      const key = `${doing} ${nameOf(tp)}`;
      const entries = underWay.get(key) ?? new Set();
      underWay.set(key, entries);
      const entry: Entry = {
        doing,
        tp,
        offset: offset ?? null,
        beganAt: clock.monotonic(),
        since: clock.now(),
        error: null,
      };
      entries.add(entry);
      return {
        failed(error) {
          entry.error = describe(error);
        },
        done: () => void entries.delete(entry),
      };
    },
    readEnded(tp, error) {
      if (error === null) readErrors.delete(nameOf(tp));
      else readErrors.set(nameOf(tp), error);
    },
    note(key, words) {
      if (words === null) notes.delete(key);
      else notes.set(key, words);
    },
    notes: () => [...notes.values()],
    stalls: (bound, from = Number.NEGATIVE_INFINITY) =>
      [...underWay.values()].flatMap((entries) => toStall(entries, bound, from)),
  };
}

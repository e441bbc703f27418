// The newest dead letters for display.
//
// Arrival decides what is newest. In a partition that is the offset. Between partitions there is
// nothing but the timestamps, and whoever writes may put anything there; so they only decide how the
// partitions are merged: from their ends, of the newest letters that are left always the one with the
// later timestamp. A letter that claims too late a time stands on top until the next one arrives behind
// it in its partition; one whose timestamp is no time of our age (0, or microseconds) has the time of
// the letter before it. All of this looks at the last `size` offsets of each partition and at nothing
// else, neither at a clock nor at what this process saw and when: every instance comes to the same list.
import type { DeadLetter } from '../log/dead-letter.ts';
import { tellsTime } from './letter-time.ts';

export type DeadLetterRing = {
  /** Takes in the next letter of its partition; of two copies of one original the later counts. */
  add(letter: DeadLetter): void;
  /** The partition was read up to `end`: forgets what lies more than `size` offsets below. */
  readUpTo(partition: number, end: number): void;
  /**
   * The newest letters, newest first; at most `size`. One whose timestamp tells no time has that of the
   * letter before it in its partition, or 0.
   */
  newest(limit: number): DeadLetter[];
  /** The newest of those that were added since the last call, as `newest` gives them. */
  takeNew(limit: number): DeadLetter[];
};

type Letters = {
  /** In the order of offsets; those before `first` are forgotten. */
  letters: DeadLetter[];
  first: number;
  /** Offsets below were taken by `takeNew`. */
  takenBelow: number;
  /** The last copy of each letter, by the order that it stands for. */
  readonly latest: Map<string | number, DeadLetter>;
};

/** The letters at the last `size` offsets of each partition, without second copies. */
export function createDeadLetterRing(size: number): DeadLetterRing {
  const logs = new Map<number, Letters>();

  function logOf(partition: number): Letters {
    let log = logs.get(partition);
    if (log === undefined) {
      log = { letters: [], first: 0, takenBelow: 0, latest: new Map() };
      logs.set(partition, log);
    }
    return log;
  }

  function forgetBelow(log: Letters, offset: number): void {
    const { letters, latest } = log;
    for (; log.first < letters.length && letters[log.first]!.offset < offset; log.first += 1) {
      const key = keyOf(letters[log.first]!);
      if (latest.get(key) === letters[log.first]) latest.delete(key);
    }
    if (log.first > size) {
      letters.splice(0, log.first);
      log.first = 0;
    }
  }

  function newest(limit: number, from: (log: Letters) => number): DeadLetter[] {
    const walks = [...logs].sort(([a], [b]) => b - a).map(([, log]) => newestFirst(log, from(log)));
    const heads = walks.flatMap((walk) => next(walk));
    const result: DeadLetter[] = [];
    while (result.length < limit && heads.length > 0) {
      let at = 0;
      for (let i = 1; i < heads.length; i += 1) if (heads[i]!.time > heads[at]!.time) at = i;
      const { letter, time, walk } = heads[at]!;
      result.push(letter.timestamp === time ? letter : { ...letter, timestamp: time });
      heads.splice(at, 1, ...next(walk));
    }
    return result;
  }

  return {
    add(letter) {
      const log = logOf(letter.partition);
      log.letters.push(letter);
      log.latest.set(keyOf(letter), letter);
      forgetBelow(log, letter.offset + 1 - size);
    },
    readUpTo: (partition, end) => forgetBelow(logOf(partition), end - size),
    newest: (limit) => newest(Math.min(limit, size), () => 0),
    takeNew(limit) {
      const taken = newest(Math.min(limit, size), ({ takenBelow }) => takenBelow);
      for (const log of logs.values()) log.takenBelow = (log.letters.at(-1)?.offset ?? -1) + 1;
      return taken;
    },
  };
}

type Timed = { readonly letter: DeadLetter; readonly time: number };
type Walk = Generator<Timed, void>;

function next(walk: Walk): (Timed & { walk: Walk })[] {
  const { value } = walk.next();
  return value === undefined ? [] : [{ ...value, walk }];
}

/** The letters of a partition down to an offset, each with the time by which it is merged. */
function* newestFirst({ letters, first, latest }: Letters, from: number): Walk {
  let told = letters.length;
  for (let at = letters.length - 1; at >= first && letters[at]!.offset >= from; at -= 1) {
    told = Math.min(told, at);
    while (told >= first && !tellsTime(letters[told]!.timestamp)) told -= 1;
    const letter = letters[at]!;
    if (latest.get(keyOf(letter)) !== letter) continue;
    yield { letter, time: told < first ? 0 : letters[told]!.timestamp };
  }
}

function keyOf({ group, origin, offset }: DeadLetter): string | number {
  return group === null || origin === null
    ? offset
    : JSON.stringify([group, origin.topic, origin.partition, origin.offset]);
}

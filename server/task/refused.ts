// Orders whose dead letters the topic refuses in every form: they are set aside for a while, and somebody
// is told.
import type { Clock } from '../log/clock.ts';
import { nameOf, type TopicPartition } from '../log/ports.ts';
import type { Entry } from './letter.ts';

export type Refused = {
  /** Sets an entry aside, with the words of the refusal. */
  add(entry: Entry, words: string): void;
  /** It has been written, or waits no more. */
  remove(entry: Entry): void;
  /** Forgets all. */
  close(): void;
};

/** When what was refused is tried again: the topic may have been changed. */
const FIRST_PAUSE_MS = 5000;
const MAX_PAUSE_MS = 300_000;

/** Nothing is refused yet; `sendAgain` is called with what was set aside after a pause, which doubles. */
export function createRefused(deps: {
  source: TopicPartition;
  clock: Clock;
  sendAgain: (entries: readonly Entry[]) => void;
  /** Orders wait because their dead letters are refused, in words; null: none does any more. */
  onProblem: (words: string | null) => void;
}): Refused {
  const { source, clock, sendAgain, onProblem } = deps;
  const words = new Map<Entry, string>();
  /** Those of them that have not been sent again yet. */
  let aside: Entry[] = [];
  let pause = FIRST_PAUSE_MS;
  let cancelPause = () => {};

  function takeBack(): void {
    pause = Math.min(MAX_PAUSE_MS, 2 * pause);
    const entries = aside;
    aside = [];
    sendAgain(entries);
  }

  function tell(): void {
    const [first] = words;
    if (first === undefined) {
      onProblem(null);
      return;
    }
    const [{ order }, reason] = first;
    const orders = `${words.size} orders of ${nameOf(source)} wait`;
    onProblem(
      `${orders}, their dead letters are refused; at offset ${order.record.offset}: ${reason}`,
    );
  }

  return {
    add(entry, reason) {
      words.set(entry, reason);
      aside.push(entry);
      if (aside.length === 1) cancelPause = clock.after(pause, takeBack);
      tell();
    },
    remove(entry) {
      if (!words.delete(entry)) return;
      if (words.size === 0) pause = FIRST_PAUSE_MS;
      tell();
    },
    close() {
      cancelPause();
      aside = [];
      if (words.size > 0) onProblem(null);
      words.clear();
    },
  };
}

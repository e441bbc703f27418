// What a screen reader hears: changes of state, never the numbers, and seldom enough to work beside.
import { type AlarmClock, createAlarm } from './alarm.ts';

const SETTLE = 2000;
const APART = 10_000;
const DEAD_LETTERS_APART = 30_000;

/** Speaks a state once it has settled, one-off sentences, and dead letters in batches. */
export function createAnnouncer(clock: AlarmClock, speak: (text: string) => void) {
  const alarm = createAlarm(clock);
  let spokenAt = -APART;
  let spokenState = '';
  let state = '';
  let sentences: string[] = [];
  let counted: number | null = null;
  let countedAt = 0;
  let letters = 0;

  function flushIn(ms: number) {
    alarm.set(Math.max(ms, spokenAt + APART - clock.now()), flush);
  }

  function flush() {
    const words = state === spokenState ? sentences : [state, ...sentences];
    sentences = [];
    spokenState = state;
    const due = clock.now() - countedAt >= DEAD_LETTERS_APART;
    if (counted !== null && letters > counted && due) {
      words.push(`${letters - counted} new dead letter${letters - counted === 1 ? '' : 's'}.`);
      counted = letters;
      countedAt = clock.now();
    }
    if (words.length === 0) return;
    spokenAt = clock.now();
    speak(words.join(' '));
  }

  return {
    /** The state the page is in now; a state that passes within two seconds is not worth a word. */
    state(text: string, settle = SETTLE) {
      if (text === state) return;
      state = text;
      flushIn(settle);
    },
    say(text: string) {
      sentences.push(text);
      flushIn(0);
    },
    deadLetters(total: number) {
      letters = total;
      if (counted === null || total < counted) {
        counted = total;
        countedAt = clock.now();
      } else if (total > counted && !alarm.isSet()) {
        flushIn(countedAt + DEAD_LETTERS_APART - clock.now());
      }
    },
  };
}

// Schemas by their id in the registry. Each is asked for once and kept for ever, for an id never changes
// its meaning; that there is none is believed for a while. A registry that is down is asked again until it
// answers: nobody may take its silence for an answer.
import { describe } from '../errors.ts';
import type { Clock } from '../log/clock.ts';
import { Unready } from '../log/unready.ts';
import { type RegistryAnswer, type RegistryClient, RegistryError } from './registry-client.ts';

export type SchemaCache<T> = {
  /** What was made of the answer for this id; at first, and while the registry is down, there is none. */
  get(id: number): T | Unready;
  /** Asks until the registry has this id: for who knows that it had it before. */
  insist(id: number): Unready;
  /** Asks no more: who waits is left to whoever comes after this process. */
  close(): void;
};

/** A schema may be registered after its first record was read by a registry that lags behind. */
const ABSENT_STAYS_MS = 60_000;
/** Ids that do not exist cost a stranger nothing. */
const MAX_ABSENT = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Nothing is known yet. `make` is pure; what it throws ends `ready` of those who wait. `onTrouble` hears in
 * words why the registry is asked again, null when it has answered.
 */
export function createSchemaCache<T>(deps: {
  client: Pick<RegistryClient, 'schemaById'>;
  make: (answer: RegistryAnswer) => T;
  clock: Pick<Clock, 'monotonic' | 'after'>;
  /** In [0, 1). */
  random: () => number;
  onTrouble: (words: string | null) => void;
}): SchemaCache<T> {
  const { client, make, clock, random, onTrouble } = deps;
  const known = new Map<number, T>();
  const absent = new Map<number, { readonly value: T; readonly until: number }>();
  const asked = new Map<number, Unready>();
  const insisted = new Map<number, Unready>();
  const troubles = new Map<number, string>();
  const closing = new AbortController();

  /** Resolves when it has an answer; that there is none is one, if `mayBeAbsent`. */
  async function ask(id: number, mayBeAbsent: boolean): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; failures += 1) {
      try {
        const answer = await client.schemaById(id, closing.signal);
        if (answer.kind === 'absent' && !mayBeAbsent)
          throw new RegistryError(`${answer.found}; an order was counted with it`);
        keep(id, answer, make(answer));
        tell(id, null);
        return;
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        // The first failure is often the last: a connection that was kept too long.
        if (failures > 0 && !closing.signal.aborted)
          tell(id, `schema ${id} is waited for: ${describe(error)}`);
        await pause(failures);
      }
    }
    // Closed: whoever would ask again at once would do so for ever.
    await new Promise<never>(() => {});
  }

  /** While one is waited for there is trouble, whatever is heard of others. */
  function tell(id: number, words: string | null): void {
    if (words === null) troubles.delete(id);
    else troubles.set(id, words);
    const [first = null] = troubles.values();
    onTrouble(first);
  }

  function keep(id: number, answer: RegistryAnswer, value: T): void {
    if (answer.kind === 'schema') {
      known.set(id, value);
      return;
    }
    absent.delete(id);
    const [oldest] = absent.keys();
    if (absent.size === MAX_ABSENT && oldest !== undefined) absent.delete(oldest);
    absent.set(id, { value, until: clock.monotonic() + ABSENT_STAYS_MS });
  }

  function pause(failures: number): Promise<void> {
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        closing.signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = clock.after(longest * (0.5 + random() / 2), end);
      closing.signal.addEventListener('abort', end);
    });
  }

  /** One question for all who wait. */
  function askOnce(questions: Map<number, Unready>, id: number): Unready {
    const before = questions.get(id);
    if (before !== undefined) return before;
    const answered = ask(id, questions === asked).then(() => {
      questions.delete(id);
    });
    const unready = new Unready(answered);
    questions.set(id, unready);
    return unready;
  }

  return {
    get(id) {
      const value = known.get(id);
      if (value !== undefined) return value;
      const none = absent.get(id);
      if (none !== undefined && clock.monotonic() < none.until) return none.value;
      return askOnce(asked, id);
    },
    insist: (id) => askOnce(insisted, id),
    close() {
      closing.abort();
    },
  };
}

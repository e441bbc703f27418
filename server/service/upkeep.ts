// What is done until it succeeds, and what is done again and again; what fails is reported.
import { describe, isProgrammerError, isRetriable } from '../errors.ts';
import { isRefusal } from '../kafka/kafkajs-error.ts';
import type { Clock } from '../log/clock.ts';
import { retry } from '../log/retry.ts';
import type { Reports } from './reports.ts';

/** Between two tries of what the start waits for. */
const BACKOFF = { firstMs: 1000, maxMs: 1000 };
/** A failure that may pass is reported only after so many in a row. */
const FAILURES = 2;

export type Upkeep = {
  /** Tries until it succeeds; rejects with what trying again cannot mend, and when all has ended. */
  insist(what: string, step: () => Promise<void>): Promise<void>;
  /** Works now and every `ms` after it is done, never twice at a time; `report` hears how it ended. */
  every(ms: number, what: string, work: () => Promise<void> | void): void;
  /**
   * Reports how something ended that is done now and then; null takes back what was said. What may
   * pass is worth knowing; what is `final` keeps the service from being ready.
   */
  report(what: string, error: unknown, final?: boolean): void;
  end(): void;
};

/** `what` says in words what it means when something fails; `onCrash` hears of a mistake in the code. */
export function createUpkeep(deps: {
  clock: Pick<Clock, 'after'>;
  random: () => number;
  reports: Pick<Reports, 'kafka' | 'problem' | 'note'>;
  onCrash: (error: Error) => void;
}): Upkeep {
  const { clock, random, reports, onCrash } = deps;
  const cancels = new Set<() => void>();
  const ending = new AbortController();
  const { signal } = ending;

  function report(what: string, error: unknown, final = !isRetriable(error)): void {
    const words = error === null ? null : `${what}: ${describe(error)}`;
    reports.problem(what, final ? words : null);
    reports.note(what, final ? null : words);
  }

  function every(ms: number, what: string, work: () => Promise<void> | void): void {
    let cancel = () => {};
    let failures = 0;
    cancels.add(() => cancel());
    const once = async () => {
      let failure: unknown = null;
      try {
        await work();
      } catch (error) {
        failure = error;
      }
      if (signal.aborted) return;
      cancel = clock.after(ms, () => void once());
      failures = failure === null ? 0 : failures + 1;
      if (isProgrammerError(failure)) onCrash(failure as Error);
      // A rebalance or a new leader makes it fail once.
      else report(what, failures < FAILURES && isRetriable(failure) ? null : failure);
    };
    void once();
  }

  return {
    report,
    every,
    async insist(what, step) {
      const failed = (error: unknown) => {
        // A Kafka that refuses can be reached: that is no outage.
        const refused = isRefusal(error);
        reports.problem(what, refused ? `${what}: ${describe(error)}` : null);
        reports.kafka(refused, error);
      };
      await retry(step, { clock, random, ...BACKOFF, signal, failed });
      reports.problem(what, null);
      signal.throwIfAborted();
    },
    end() {
      ending.abort();
      for (const cancel of cancels) cancel();
    },
  };
}

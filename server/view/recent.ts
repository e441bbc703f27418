// How many letters came when, of the last hour: a few counters, whatever the number of letters.

/** Steps of the last hour, and how long each is, in ms. */
const STEPS = 12;
const STEP_MS = 300_000;

export type Recent = {
  /** Takes in a time, ms since 1970. Times that lie ahead, and those of before the last hour, count nowhere. */
  add(time: number, now: number): void;
  /** Of each five minutes how many, the oldest first; the last are still running. */
  read(now: number): number[];
};

/** Nothing has come yet. */
export function createRecent(): Recent {
  const counts = new Uint32Array(STEPS);
  /** The step that each count is for: a count whose step is over is that of another hour. */
  const steps = new Float64Array(STEPS);
  return {
    add(time, now) {
      const step = Math.floor(time / STEP_MS);
      if (time > now + STEP_MS || step < steps[step % STEPS]!) return;
      if (step > steps[step % STEPS]!) counts[step % STEPS] = 0;
      steps[step % STEPS] = step;
      counts[step % STEPS]! += 1;
    },
    read(now) {
      const last = Math.floor(now / STEP_MS);
      return Array.from({ length: STEPS }, (_, index) => {
        const step = last - STEPS + 1 + index;
        return steps[step % STEPS] === step ? counts[step % STEPS]! : 0;
      });
    },
  };
}

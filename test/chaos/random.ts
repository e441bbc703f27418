// Chance that can be repeated: the same seed, the same faults at the same places.

export type Random = {
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** True in this share of the calls. */
  chance(share: number): boolean;
  pick<T>(items: readonly T[]): T;
  shuffle<T>(items: readonly T[]): T[];
};

/** Numbers from a seed (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    between,
    chance: (share) => next() < share,
    pick: (items) => items[between(0, items.length - 1)]!,
    shuffle(items) {
      const rest = [...items];
      const mixed = [];
      while (rest.length > 0) mixed.push(...rest.splice(between(0, rest.length - 1), 1));
      return mixed;
    },
  };
}

// What showing costs in groups of any size, from what it cost in those that were measured: so much for
// each partition that is asked for, and so much for each checkpoint that is read.

export type Measured = {
  readonly mode: string;
  readonly partitions: number;
  readonly instances: number;
  /** Of one core, from 0 to 1. */
  readonly cpu: number;
  /** Checkpoints read a second, and the bytes of one. */
  readonly read: number;
  readonly size: number;
};

/** Partitions, instances. */
const GROUPS = [
  [300, 10],
  [1000, 33],
  [3000, 100],
] as const;

/** The rules of view/checkpoint-samples.ts: seconds between two looks, and the share of the time. */
const SAMPLING: Readonly<Record<string, { every: number; share: number }>> = {
  'nobody looks': { every: 1, share: 0.05 },
  'somebody looks': { every: 0.1, share: 0.25 },
};
const MAX_SECONDS = 4;
/** Of the network of an instance, bytes a second: 1 Gbit/s. Whoever has more sees the others more often. */
const NETWORK = 125e6;

/** Seconds of CPU a second for each partition and each checkpoint read: the least squares, neither below 0. */
export function fit(all: readonly Measured[]): { perPartition: number; perRead: number } {
  const sum = (of: (each: Measured) => number) => all.reduce((total, each) => total + of(each), 0);
  const pp = sum(({ partitions }) => partitions ** 2);
  const rr = sum(({ read }) => read ** 2);
  const pr = sum(({ partitions, read }) => partitions * read);
  const pc = sum(({ partitions, cpu }) => partitions * cpu);
  const rc = sum(({ read, cpu }) => read * cpu);
  const both = pp * rr - pr ** 2;
  const perPartition = both === 0 ? 0 : (pc * rr - rc * pr) / both;
  if (perPartition <= 0) return { perPartition: 0, perRead: rc / rr };
  const perRead = (rc * pp - pc * pr) / both;
  return perRead > 0 ? { perPartition, perRead } : { perPartition: pc / pp, perRead: 0 };
}

/** A row for each kind of looking and each group; `rate`: checkpoints of each partition a second. */
export function simulate(all: readonly Measured[], { rate }: { rate: number }) {
  const size = Math.max(...all.map((each) => each.size));
  return [...new Set(all.map(({ mode }) => mode))].flatMap((mode) => {
    const { perPartition, perRead } = fit(all.filter((each) => each.mode === mode));
    return GROUPS.map(([partitions, instances]) => {
      const own = partitions / instances;
      const rule = SAMPLING[mode];
      const took = (partitions - own) * Math.max(perRead, size / NETWORK);
      const every = rule && Math.min(MAX_SECONDS, Math.max(rule.every, took / rule.share));
      const read = every
        ? own * rate + (partitions - own) * Math.min(rate, 1 / every)
        : partitions * rate;
      const cpu = partitions * perPartition + read * perRead;
      return {
        ...{ mode, partitions, instances },
        'others seen every s': every === undefined ? '' : every.toFixed(1),
        'read/s': Math.round(read),
        'each: MB/s': ((read * size) / 1e6).toFixed(1),
        'CPU %': (cpu * 100).toFixed(1),
        'group: GB/s': ((read * size * instances) / 1e9).toFixed(2),
      };
    });
  });
}

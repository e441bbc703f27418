// One side of a measurement: a process of its own, so that no side warms up another, and what it found.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a script of this folder with this environment beside ours; what it wrote, as JSON. */
export async function runSide<T>(script: string, env: Record<string, string>): Promise<T> {
  const path = fileURLToPath(new URL(`${script}.js`, import.meta.url));
  const { stdout } = await run(process.execPath, [path], { env: { ...process.env, ...env } });
  return JSON.parse(stdout) as T;
}

/** What all sides measured: so many pieces of work, the time and the CPU time that they took. */
export type Cost = {
  readonly orders: number;
  readonly seconds: number;
  /** Null of a program that is not ours to ask. */
  readonly cpuSeconds: number | null;
};

/** The middle one. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

/** The median, rounded; nothing when one of them is not known. */
export function shown(numbers: readonly (number | null)[]): string {
  const known = numbers.filter((each) => each !== null);
  return known.length < numbers.length ? '' : Math.round(median(known)).toLocaleString('en');
}

/** Orders per second, the median of the rounds. */
export function rateOf(rounds: readonly Cost[]): number {
  return median(rounds.map(({ orders, seconds }) => orders / seconds));
}

// The last while as points, and what is said of them. Pure.
import type { Series } from '../../server/http/contract-series.ts';
import { count, rate, timeOfDay } from './format.ts';

export type Points = readonly (number | null)[];

/** What is drawn, in this order. */
export const LINES = [
  { key: 'throughput', label: 'Throughput', unit: 'orders/s' },
  { key: 'retries', label: 'Retries', unit: 'retries/s' },
  { key: 'deadLetters', label: 'Dead letters', unit: 'dead letters/s' },
  { key: 'lag', label: 'Consumer lag', unit: 'behind' },
] as const;
export type LineKey = (typeof LINES)[number]['key'];

/** The greatest of the points, at least 1, so that nothing is not drawn as much. */
export function top(points: Points): number {
  return points.reduce<number>((most, point) => Math.max(most, point ?? 0), 1);
}

/** An SVG path through what is known; where nothing is, there is no line. */
export function pathOf(points: Points, width: number, height: number): string {
  const most = top(points);
  const step = width / Math.max(1, points.length - 1);
  let pen = 'M';
  let path = '';
  for (const [index, point] of points.entries()) {
    if (point === null) pen = 'M';
    else {
      path += `${pen}${round(index * step)} ${round(height - (height * point) / most)}`;
      // A point between two gaps is a dot.
      if (pen === 'M' && points[index + 1] == null) path += 'h.1';
      pen = 'L';
    }
  }
  return path;
}

const round = (value: number) => Math.round(10 * value) / 10;

/** When the point at `index` ended, ISO 8601. */
export function timeAt({ to, step, throughput }: Series, index: number): string {
  const back = (throughput.length - 1 - index) * step * 1000;
  return new Date(Date.parse(to) - back).toISOString();
}

/** The values at one point in words. */
export function wordsAt(series: Series, index: number): string {
  const values = LINES.map(({ key, unit }) => `${valueAt(series, key, index)} ${unit}`);
  return [timeOfDay(timeAt(series, index), false), ...values].join(' · ');
}

/** `39`, `2.5`, or the dash. */
export function valueAt(series: Series, key: LineKey, index: number): string {
  const value = series[key][index];
  return key === 'lag' ? count(value) : rate(value);
}

/** A line in a sentence: what it is now, and between what it was. */
export function summaryOf(points: Points, unit: string): string {
  const known = points.filter((point) => point !== null);
  const last = points.at(-1) ?? null;
  if (known.length === 0) return 'nothing known yet';
  const range = `min ${rate(Math.min(...known))}, max ${rate(Math.max(...known))}`;
  const gaps = known.length < points.length ? `, ${points.length - known.length} not known` : '';
  return `now ${rate(last)} ${unit}; ${range} in ${points.length} points${gaps}`;
}

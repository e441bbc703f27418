// What a notification says. Pure.
import { plural } from './format.ts';
import type { Model } from './store.ts';

/** `5 new dead letters: MALFORMED (4), PERMANENT (1)`; null without any, or when another process counts. */
export function newsOf(before: Model, now: Model): string | null {
  const many = now.arrivals - before.arrivals;
  if (now.epoch !== before.epoch || many <= 0) return null;
  const codes = new Map<string, number>();
  // Of more than the list holds the codes are not known.
  for (const { code } of now.deadLetters.slice(0, many)) {
    const name = code ?? 'no code';
    codes.set(name, (codes.get(name) ?? 0) + 1);
  }
  const all = many > now.deadLetters.length ? 'among them ' : '';
  const named = [...codes].sort(([, a], [, b]) => b - a).map(([name, n]) => `${name} (${n})`);
  return `${plural(many, 'new dead letter')}: ${all}${named.join(', ')}`;
}

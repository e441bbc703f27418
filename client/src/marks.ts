// What happened when, for the chart. Pure.
import type { Model } from './store.ts';

export interface Mark {
  readonly at: string;
  readonly words: string;
}

/** The start of the server, redrives and pauses, as far as the page knows of them. */
export function marksOf(model: Model | null): Mark[] {
  if (model === null) return [];
  const holds = new Set(model.paused.map(({ at }) => at));
  return [
    { at: model.status.startedAt, words: 'started' },
    ...model.redrives.map(({ at }) => ({ at, words: 'redrive' })),
    ...[...holds].map((at) => ({ at, words: 'paused' })),
  ];
}

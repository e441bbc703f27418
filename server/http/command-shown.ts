// Commands in the words of the contract.
import type { LetterFilter } from '../log/selection.ts';
import type { PausedPartition, RedriveReport, SelectionPreview } from './commands.ts';
import type { PausedShown, RedriveAnswer, RedriveShown } from './contract-commands.ts';
import { letterId } from './letter-query.ts';

const LAST_OF_9999 = 253_402_300_799_999;

/** ISO 8601, whatever the number. */
function isoTime(ms: number): string {
  return new Date(Math.min(Math.max(0, ms) || 0, LAST_OF_9999)).toISOString();
}

export function redriveShown(report: RedriveReport): RedriveShown {
  const { request, ...rest } = report;
  const { selection, rate, notBefore, canary, maxRedrives, edited } = request;
  return {
    ...rest,
    at: isoTime(report.at),
    selection:
      'places' in selection
        ? { ids: selection.places.map(letterId) }
        : { filter: filterShown(selection.filter) },
    rate,
    notBefore: notBefore === 0 ? null : isoTime(notBefore),
    canary,
    maxRedrives,
    edited,
  };
}

function filterShown({ from, to, ...rest }: LetterFilter) {
  return {
    ...rest,
    ...(from === undefined ? {} : { from: isoTime(from) }),
    ...(to === undefined ? {} : { to: isoTime(to) }),
  };
}

export function redriveAnswer({
  sample,
  ...rest
}: SelectionPreview & { id: string | null }): RedriveAnswer {
  return { ...rest, sample: sample.map(letterId), byPartition: [...rest.byPartition] };
}

export function pausedShown({ at, ...rest }: PausedPartition): PausedShown {
  return { ...rest, at: isoTime(at) };
}

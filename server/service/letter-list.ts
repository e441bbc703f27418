// Lists of dead letters: the index tells which letters there are, Kafka what each of them says.
import type { IndexReach, LetterGroups, LetterItem } from '../http/contract-letters.ts';
import type { LetterList, LetterPage } from '../http/letters.ts';
import { isoTime } from '../log/clip.ts';
import type { Clock } from '../log/clock.ts';
import { createSlices } from '../log/slices.ts';
import type { DeadLetterIndex } from '../view/dead-letter-index.ts';
import type { LetterContents } from '../view/letter-contents.ts';
import { FAILED_AGAIN, type LetterGroup, OPEN, PARKED, REDRIVEN } from '../view/letter-groups.ts';
import type { LetterIndexer } from '../view/letter-indexer.ts';
import type { FoundLetter } from '../view/letter-queries.ts';
import { letterItem } from './letter-item.ts';

/** Offsets that are looked through at once for an export. */
const BLOCK = 20_000;

/** Lists on an index. */
export function createLetterList(deps: {
  index: DeadLetterIndex;
  indexer: LetterIndexer;
  contents: LetterContents;
  clock: Clock;
}): LetterList {
  const { index, indexer, contents, clock } = deps;
  const slices = createSlices(clock);

  function reach(): IndexReach | null {
    const partitions = indexer.reach();
    if (partitions.length === 0) return null;
    const done = partitions.reduce((sum, { low, position }) => sum + position - low, 0);
    const total = partitions.reduce((sum, { low, end }) => sum + end - low, 0);
    const problems = partitions.flatMap(({ partition, problem }) =>
      problem === null ? [] : [`dead letters of partition ${partition}: ${problem}`],
    );
    const complete =
      problems.length === 0 &&
      partitions.every(({ position, end, known }) => known && position >= end);
    return { ...index.size(), read: done, total, complete, problems };
  }

  /** A letter that retention has taken since is left out. */
  async function itemsOf(
    found: readonly FoundLetter[],
    signal: AbortSignal,
  ): Promise<LetterItem[]> {
    const stored = await contents.letters(found, signal);
    const letters = new Map(stored.map((letter) => [idOf(letter), letter]));
    return found.flatMap((place) => {
      const letter = letters.get(idOf(place));
      return letter === undefined ? [] : [letterItem({ ...letter, timestamp: place.time }, place)];
    });
  }

  return {
    reach,
    async page({ filter, limit, before }, signal): Promise<LetterPage | null> {
      const now = reach();
      if (now === null) return null;
      const { letters, next } = await slices.run(() => index.page(filter, limit, before));
      const matching = await slices.run(() => index.count(filter));
      return { items: await itemsOf(letters, signal), matching, next, index: now };
    },
    groups(limit): LetterGroups | null {
      const now = reach();
      if (now === null) return null;
      const all = index.groups();
      const named = all.filter(({ group }) => group !== null).sort((a, b) => sizeOf(b) - sizeOf(a));
      const ungrouped = all
        .filter(({ group }) => group === null)
        .reduce((n, g) => n + sizeOf(g), 0);
      return {
        groups: named.slice(0, limit).map((group) => shownGroup(group, clock.now())),
        total: named.length,
        ungrouped,
        index: now,
      };
    },
    all(filter, signal) {
      if (reach() === null) return null;
      return (async function* () {
        for (const { partition, low, position } of indexer.reach()) {
          for (let from = low; from < position; from += BLOCK) {
            const to = Math.min(from + BLOCK, position);
            const wanted = index.matching(filter, partition, from, to);
            if (wanted.length === 0) continue;
            yield await itemsOf(
              wanted.flatMap((offset) => index.find({ partition, offset }) ?? []),
              signal,
            );
          }
        }
      })();
    },
  };
}

const idOf = ({ partition, offset }: { partition: number; offset: number }) =>
  `${partition}-${offset}`;

function sizeOf({ letters }: LetterGroup): number {
  return letters.reduce((sum, count) => sum + count, 0);
}

function shownGroup(group: LetterGroup, at: number): LetterGroups['groups'][number] {
  const { letters, code, first, last } = group;
  return {
    group: group.group ?? '',
    code,
    letters: sizeOf(group),
    open: letters[OPEN]!,
    redriven: letters[REDRIVEN]!,
    failedAgain: letters[FAILED_AGAIN]!,
    parked: letters[PARKED]!,
    first: Number.isFinite(first) ? isoTime(first) : null,
    last: Number.isFinite(last) ? isoTime(last) : null,
    lastHour: group.recent.read(at),
  };
}

// The lives of an order as dead letters, before and after one of them.
import type { LetterLife, RedriveStamp } from '../http/contract-letters.ts';
import { isoTime } from '../log/clip.ts';
import type { Redrive } from '../log/redrive.ts';
import type { LetterPlace } from '../log/selection.ts';
import type { DeadLetterIndex } from '../view/dead-letter-index.ts';
import type { LetterContents, WholeLetter } from '../view/letter-contents.ts';

/** Lives that are looked for in each direction. */
const MAX_LIVES = 16;

export type LetterLives = {
  /** The letters at these places, of those that there are. */
  read(places: readonly LetterPlace[], signal: AbortSignal): Promise<WholeLetter[]>;
  /** Oldest first. */
  earlier(partition: number, letter: WholeLetter, signal: AbortSignal): Promise<LetterLife[]>;
  later(place: LetterPlace, signal: AbortSignal): Promise<LetterLife[]>;
};

/** Lives by redrives of `group`: what another group has redriven is a first life to us. */
export function createLetterLives(deps: {
  contents: LetterContents;
  index: Pick<DeadLetterIndex, 'find'>;
  group: string;
}): LetterLives {
  const { contents, index, group } = deps;

  async function read(places: readonly LetterPlace[], signal: AbortSignal): Promise<WholeLetter[]> {
    const letters = await contents.whole(places, signal);
    return letters.map((each) =>
      each.redrive?.group === group ? each : { ...each, redrive: null },
    );
  }

  function lifeOf(place: LetterPlace, letter: WholeLetter | undefined): LetterLife {
    const id = `${place.partition}-${place.offset}`;
    if (letter === undefined)
      return { id, gone: true, timestamp: null, reason: null, redrive: null };
    const { timestamp, reason } = contents.letterOf(place.partition, letter.record);
    return {
      id,
      gone: false,
      timestamp: isoTime(timestamp),
      reason,
      redrive: redriveStamp(letter.redrive),
    };
  }

  async function earlier(
    partition: number,
    letter: WholeLetter,
    signal: AbortSignal,
  ): Promise<LetterLife[]> {
    const lives: LetterLife[] = [];
    let { redrive, offset } = letter;
    // Anybody may write headers: an earlier life has to stand at a lower offset than the later one.
    while (redrive !== null && redrive.deadLetter < offset && lives.length < MAX_LIVES) {
      offset = redrive.deadLetter;
      const place = { partition, offset };
      const [life] = await read([place], signal);
      lives.unshift(lifeOf(place, life));
      redrive = life?.redrive ?? null;
    }
    return lives;
  }

  async function later(place: LetterPlace, signal: AbortSignal): Promise<LetterLife[]> {
    const places: LetterPlace[] = [];
    let offset = index.find(place)?.later ?? null;
    while (offset !== null && places.length < MAX_LIVES) {
      const next = { partition: place.partition, offset };
      places.push(next);
      offset = index.find(next)?.later ?? null;
    }
    const letters = new Map((await read(places, signal)).map((each) => [each.offset, each]));
    return places.map((each) => lifeOf(each, letters.get(each.offset)));
  }

  return { read, earlier, later };
}

/** As it is shown. */
export function redriveStamp(redrive: Redrive | null): RedriveStamp | null {
  if (redrive === null) return null;
  const { id, by, at, count } = redrive;
  return { id, by, at: isoTime(at), count };
}

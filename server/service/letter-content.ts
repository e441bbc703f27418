// One dead letter in full, with its earlier and later lives; and an edited value for it.

import type { LetterPlace } from '../http/commands.ts';
import type {
  DecodedValue,
  FieldDifference,
  LetterDetail,
  LetterLife,
  RedriveStamp,
} from '../http/contract-letters.ts';
import type { Edit, LetterContent, NoLetter } from '../http/letters.ts';
import { isoTime } from '../log/clip.ts';
import type { Redrive } from '../log/redrive.ts';
import type { DeadLetterIndex } from '../view/dead-letter-index.ts';
import type { LetterContents, WholeLetter } from '../view/letter-contents.ts';
import { letterItem, shownBytes } from './letter-item.ts';

/** Lives that are looked for in each direction. */
const MAX_LIVES = 16;

const NOTHING = Buffer.alloc(0);

/** What the business makes of a value. */
export type ValueTerms = {
  /** The name of a value; null when it has none. */
  idOf(value: Buffer): string | null;
  /** Resolves when more can be told of a value, or nothing will be; undefined when that is so already. */
  ready(value: Buffer): Promise<void> | undefined;
  inspect(value: Buffer | null): DecodedValue;
  /** The value in bytes, or why it is none, in words. */
  fromJson(json: unknown): Buffer | { readonly fault: string };
  checked(bytes: Buffer): Buffer | { readonly fault: string };
};

/** Reads letters of `partitions()` partitions; those redriven by `group` are ours. */
export function createLetterContent(deps: {
  contents: LetterContents;
  index: DeadLetterIndex;
  terms: ValueTerms;
  group: string;
  partitions: () => number;
}): LetterContent {
  const { contents, index, terms, group, partitions } = deps;

  /** What another group has redriven is a first life to us. */
  async function read(places: readonly LetterPlace[], signal: AbortSignal): Promise<WholeLetter[]> {
    const letters = await contents.whole(places, signal);
    return letters.map((each) =>
      each.redrive?.group === group ? each : { ...each, redrive: null },
    );
  }

  async function find(place: LetterPlace, signal: AbortSignal): Promise<WholeLetter | NoLetter> {
    if (place.partition >= partitions()) return { missing: 'partition', partitions: partitions() };
    const { low, high } = await contents.bounds(place.partition, signal);
    if (place.offset < low) return { missing: 'expired', low };
    if (place.offset >= high) return { missing: 'never', end: high };
    return (await read([place], signal))[0] ?? { missing: 'none' };
  }

  function life(place: LetterPlace, letter: WholeLetter | undefined): LetterLife {
    const id = `${place.partition}-${place.offset}`;
    if (letter === undefined)
      return { id, gone: true, timestamp: null, reason: null, redrive: null };
    const { timestamp, reason } = contents.letterOf(place.partition, letter.record);
    return {
      id,
      gone: false,
      timestamp: isoTime(timestamp),
      reason,
      redrive: stampOf(letter.redrive),
    };
  }

  async function earlierLives(
    partition: number,
    letter: WholeLetter,
    signal: AbortSignal,
  ): Promise<LetterLife[]> {
    const lives: LetterLife[] = [];
    let { redrive, offset } = letter;
    // Anybody may write headers: what does not stand before a letter is no earlier life of it.
    while (redrive !== null && redrive.deadLetter < offset && lives.length < MAX_LIVES) {
      offset = redrive.deadLetter;
      const place = { partition, offset };
      const [earlier] = await read([place], signal);
      lives.unshift(life(place, earlier));
      redrive = earlier?.redrive ?? null;
    }
    return lives;
  }

  async function laterLives(place: LetterPlace, signal: AbortSignal): Promise<LetterLife[]> {
    const places: LetterPlace[] = [];
    let offset = index.find(place)?.later ?? null;
    while (offset !== null && places.length < MAX_LIVES) {
      const next = { partition: place.partition, offset };
      places.push(next);
      offset = index.find(next)?.later ?? null;
    }
    const letters = new Map((await read(places, signal)).map((each) => [each.offset, each]));
    return places.map((each) => life(each, letters.get(each.offset)));
  }

  return {
    async letter(place, signal): Promise<LetterDetail | NoLetter> {
      const found = await find(place, signal);
      if ('missing' in found) return found;
      const { record, redrive } = found;
      await terms.ready(record.value ?? NOTHING);
      const indexed = index.find(place);
      return {
        ...letterItem(contents.letterOf(place.partition, record), indexed),
        copy: indexed?.copy ?? false,
        key: record.key === null ? null : shownBytes(record.key),
        value: record.value === null ? null : shownBytes(record.value),
        decoded: terms.inspect(record.value),
        headers: record.headers.map(({ key, value }) => ({
          name: shownBytes(key),
          value: value === null ? null : shownBytes(value),
        })),
        redrive: stampOf(redrive),
        earlier: await earlierLives(place.partition, found, signal),
        later: await laterLives(place, signal),
      };
    },
    async edited(place, edit, signal) {
      const found = await find(place, signal);
      if ('missing' in found) return found;
      const written = found.record.value;
      const given = 'bytes' in edit ? edit.bytes : NOTHING;
      await Promise.all([terms.ready(written ?? NOTHING), terms.ready(given)]);
      const value = editedBytes(edit, terms);
      if (!Buffer.isBuffer(value)) return value;
      const decoded = terms.inspect(value);
      const difference = differenceOf(terms.inspect(written), decoded);
      return { value, decoded, difference };
    },
  };
}

/** What a redrive says, for the contract. */
export function stampOf(redrive: Redrive | null): RedriveStamp | null {
  if (redrive === null) return null;
  const { id, by, at, count } = redrive;
  return { id, by, at: isoTime(at), count };
}

function editedBytes(edit: Edit, terms: ValueTerms): Buffer | { readonly fault: string } {
  return 'bytes' in edit ? terms.checked(edit.bytes) : terms.fromJson(edit.json);
}

/** Fields that are not the same, or of which one could not be decoded. */
function differenceOf(before: DecodedValue, after: DecodedValue): FieldDifference[] {
  const old = new Map(before.fields.map(({ name, value }) => [name, value]));
  return after.fields
    .filter(({ name, value }) => !old.has(name) || !Object.is(old.get(name), value))
    .map(({ name, value }) => ({ field: name, before: old.get(name) ?? null, after: value }));
}

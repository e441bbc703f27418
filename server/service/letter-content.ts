// One dead letter in full, with its earlier and later lives; and an edited value for it.

import type { DecodedValue, FieldDifference, LetterDetail } from '../http/contract-letters.ts';
import type { Edit, LetterContent, NoLetter } from '../http/letters.ts';
import type { LetterPlace } from '../log/selection.ts';
import type { DeadLetterIndex } from '../view/dead-letter-index.ts';
import type { LetterContents, WholeLetter } from '../view/letter-contents.ts';
import { letterItem, shownBytes } from './letter-item.ts';
import { createLetterLives, redriveStamp } from './letter-lives.ts';

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
  const lives = createLetterLives({ contents, index, group });

  async function find(place: LetterPlace, signal: AbortSignal): Promise<WholeLetter | NoLetter> {
    if (place.partition >= partitions()) return { missing: 'partition', partitions: partitions() };
    const { low, high } = await contents.bounds(place.partition, signal);
    if (place.offset < low) return { missing: 'expired', low };
    if (place.offset >= high) return { missing: 'never', end: high };
    return (await lives.read([place], signal))[0] ?? { missing: 'none' };
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
        redrive: redriveStamp(redrive),
        earlier: await lives.earlier(place.partition, found, signal),
        later: await lives.later(place, signal),
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

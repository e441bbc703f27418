// How much of a record goes into its dead letter: all of it, or what the topic can take.

import { clip } from './clip.ts';
import { isForeign, MAX_TEXT_BYTES, type Note } from './dead-letter.ts';
import { MAX_VALUE_BYTES } from './fault.ts';

type Header = { readonly key: Buffer; readonly value: Buffer | null };

/** The parts of a record that may be too large; `cut` when its reader could not keep all of the value. */
export type Content = {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly Header[];
  readonly cut?: { readonly valueBytes: number; readonly sha256: string } | undefined;
};

/** The most that is kept of each part, in bytes; of what is longer the first `value` and `key`. */
export type Form = {
  /** Never below MAX_VALUE_BYTES for a value that might be an order. */
  readonly longValue: number;
  readonly key: number;
  readonly header: number;
  readonly headers: number;
};

const ALL = Number.POSITIVE_INFINITY;
const KIB = 1024;

/**
 * From the whole record down to the least. A value of up to MAX_VALUE_BYTES is never cut: it may be an
 * order that was counted elsewhere, which is taken back by what its dead letter holds.
 */
export const FORMS: readonly Form[] = [
  { longValue: ALL, key: ALL, header: ALL, headers: ALL },
  { longValue: MAX_VALUE_BYTES, key: ALL, header: ALL, headers: ALL },
  { longValue: MAX_VALUE_BYTES, key: ALL, header: KIB, headers: 32 * KIB },
  { longValue: KIB, key: KIB, header: 0, headers: 0 },
];

/** What is left of a record in that form, and our headers that say what is missing. */
export async function shorten(
  record: Content,
  form: Form,
): Promise<Omit<Content, 'cut'> & { readonly notes: readonly Note[] }> {
  const { cut } = record;
  const notes: Note[] = [];
  const note = (part: string, bytes: number, sha256: string) =>
    notes.push([`${part}.bytes`, bytes], [`${part}.sha256`, sha256]);
  let { key, value } = record;
  if (cut !== undefined) note('value', cut.valueBytes, cut.sha256);
  if (value !== null && (cut !== undefined || value.length > MAX_VALUE_BYTES)) {
    if (cut === undefined && value.length > form.longValue) {
      note('value', value.length, await sha256(value));
    }
    value = value.subarray(0, form.longValue);
  }
  if (key !== null && key.length > form.key) {
    note('key', key.length, await sha256(key));
    key = key.subarray(0, form.key);
  }
  const headers = record.headers.filter(isForeign);
  const kept = fitting(headers, form);
  if (kept.size < headers.length) {
    const missing = headers.filter((header) => !kept.has(header));
    notes.push(['headers.left-out', namesOf(missing)]);
  }
  return { key, value, headers: [...kept], notes };
}

/** In their order, those that are small enough, as long as there is room for them. */
function fitting(headers: readonly Header[], form: Form): Set<Header> {
  const kept = new Set<Header>();
  let room = form.headers;
  for (const header of headers) {
    const size = sizeOf(header);
    if (size > form.header || size > room) continue;
    kept.add(header);
    room -= size;
  }
  return kept;
}

function sizeOf({ key, value }: Header): number {
  return key.length + (value?.length ?? 0);
}

const MAX_NAMED = 16;

/** Names and sizes of the first, and how many more. */
function namesOf(headers: readonly Header[]): string {
  const named = headers.slice(0, MAX_NAMED).map((header) => {
    return `${clip(header.key, 64)} (${sizeOf(header)} bytes)`;
  });
  const more = headers.length - named.length;
  return clip(`${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`, MAX_TEXT_BYTES);
}

/** In hexadecimal; in a thread, because what is cut is large. */
async function sha256(bytes: Buffer): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}

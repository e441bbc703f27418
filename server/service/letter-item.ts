// Dead letters in the words of the HTTP contract.
import type { DeadLetterItem } from '../http/contract.ts';
import type { Bytes, LetterItem } from '../http/contract-letters.ts';
import { isoTime } from '../log/clip.ts';
import type { DeadLetter } from '../log/dead-letter.ts';
import { groupOf } from '../view/letter-group.ts';
import type { FoundLetter } from '../view/letter-queries.ts';

export function deadLetterItem(letter: DeadLetter): DeadLetterItem {
  const { partition, offset, timestamp, group, ...shown } = letter;
  return { id: `${partition}-${offset}`, timestamp: isoTime(timestamp), ...shown };
}

/** The same with what the index knows of it, null when it does not hold it. */
export function letterItem(letter: DeadLetter, found: FoundLetter | null): LetterItem {
  return {
    ...deadLetterItem(letter),
    group: groupOf(letter.reason),
    state: found?.state ?? null,
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as base64, and as text when they are one. */
export function shownBytes(bytes: Buffer): Bytes {
  return { bytes: bytes.length, base64: bytes.toString('base64'), text: textOf(bytes) };
}

function textOf(bytes: Buffer): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

// Which dead letters are of one kind: those whose reasons are the same but for names and numbers.

/** Characters of a group's name; what is longer is cut. */
export const MAX_GROUP_LENGTH = 200;

// A quoted text, or what stands between two separators. Every character is looked at once, whatever
// stands in a reason: a pattern that searches for a digit would take a second for a long word.
const PIECE = /"[^"]*"?|[^\s",;()[\]=]+/g;
/** Half of a character that was cut: in a command it would come back as another. */
const HALF_AT_THE_END = /[\ud800-\udbff]$/;
const DIGIT = /\d/;

/**
 * The group of a reason: its text with `#` for every word that has a digit in it (numbers, offsets, ids,
 * times) and `"…"` for every quoted text. The code stands in front as it does in the reason. Pure:
 * whoever carries out a command on a group comes to the same letters.
 */
export function groupOf(reason: string): string {
  const group = reason.replace(PIECE, withoutNames).slice(0, MAX_GROUP_LENGTH);
  return group.replace(HALF_AT_THE_END, '').trimEnd();
}

function withoutNames(piece: string): string {
  if (piece.startsWith('"')) return '"…"';
  return DIGIT.test(piece) ? '#' : piece;
}

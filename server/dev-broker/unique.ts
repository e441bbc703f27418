/**
 * Of all that have the same key the last: whoever asks for the same thing a thousand times is answered
 * once, for a small request must not make a huge answer.
 */
export function unique<T>(all: readonly T[], key: (each: T) => string | number): T[] {
  return [...new Map(all.map((each) => [key(each), each])).values()];
}

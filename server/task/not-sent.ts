// Which selected letters were not sent, and why: in numbers, and in the words that stand in the history.

export type NotSent = {
  /** They were redriven already, too often, or cannot be sent. */
  add(why: 'again' | 'parked' | 'leftOut', count: number): void;
  /** The topic has refused one, in these words. */
  refused(words: string): void;
  /** One text for each reason that there is. */
  words(): string[];
};

/** All have been sent. */
export function createNotSent(): NotSent {
  const counts = { again: 0, parked: 0, leftOut: 0, refused: 0 };
  let refusal = '';
  return {
    add(why, count) {
      counts[why] += count;
    },
    refused(words) {
      counts.refused += 1;
      refusal = words;
    },
    words() {
      const words = [
        [counts.again, 'were redriven already'],
        [counts.parked, 'were redriven too often'],
        [counts.leftOut, 'cannot be sent'],
        [counts.refused, `are refused: ${refusal}`],
      ] as const;
      return words.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
    },
  };
}

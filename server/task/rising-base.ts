// A whole checkpoint on its way to become the base that others lean on. It is one only when it was read
// back as the head: so whoever reads from it on comes to the same head as those who have read it all.

/** How long it is waited for before another one is written. */
const WAIT_MS = 2000;

export type RisingBase = {
  /** Whether one is on its way, so that nothing else should be written. */
  isAwaited(now: number): boolean;
  /** A whole checkpoint that has read the dead letters below `deadLetterOffset` is written now. */
  begin(now: number, deadLetterOffset: number): void;
  /** It stands at `offset`, as the broker says. */
  acknowledged(offset: number): void;
  /** An own checkpoint was read back. */
  readBack(offset: number, isHead: boolean): void;
};

/** `onEnd` hears where the new base stands, or null when another checkpoint was ahead of it. */
export function createRisingBase(
  onEnd: (base: { offset: number; deadLetterOffset: number } | null) => void,
): RisingBase {
  let rising: { since: number; deadLetterOffset: number; offset: number | null } | null = null;
  /** What was read back before the broker has said where it stands. */
  const early = new Map<number, boolean>();

  function conclude(): void {
    const isHead = rising === null || rising.offset === null ? null : early.get(rising.offset);
    if (rising === null || rising.offset === null || isHead == null) return;
    const { offset, deadLetterOffset } = rising;
    rising = null;
    onEnd(isHead ? { offset, deadLetterOffset } : null);
  }

  return {
    isAwaited: (now) => rising !== null && now < rising.since + WAIT_MS,
    begin(now, deadLetterOffset) {
      rising = { since: now, deadLetterOffset, offset: null };
      early.clear();
    },
    acknowledged(offset) {
      if (rising === null) return;
      rising.offset = offset;
      conclude();
    },
    readBack(offset, isHead) {
      if (rising === null) return;
      early.set(offset, isHead);
      conclude();
    },
  };
}

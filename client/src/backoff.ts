/** The gap before this attempt, counted from 0, in milliseconds; the last of the gaps (seconds) stays. */
export function backoff(gaps: readonly number[], attempt: number): number {
  return 1000 * (gaps[Math.min(attempt, gaps.length - 1)] ?? 0);
}

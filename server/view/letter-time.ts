// Whoever writes a record may give it any time at all.

/** Ms since 1970. A time outside is none: somebody wrote seconds, microseconds or nothing. */
const OUR_AGE = { from: Date.UTC(2000), to: Date.UTC(2100) };

/** Whether the timestamp of a record can be the time of a letter. */
export function tellsTime(timestamp: number): boolean {
  return timestamp >= OUR_AGE.from && timestamp < OUR_AGE.to;
}

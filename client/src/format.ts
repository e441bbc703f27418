// Numbers, ages and times as the page writes them. Pure: values in, words out.

const integers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const averages = new Intl.NumberFormat('en-US', {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const tenths = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

/** Stands where a number is not known; never 0, which would be a statement. */
export const UNKNOWN = '—';

/** `6,854`, or the dash while unknown. */
export function count(value: number | null | undefined): string {
  return value == null ? UNKNOWN : integers.format(value);
}

/**
 * `1,190.35`: orders carry no currency, so none is shown. What would round to nothing keeps its four
 * decimals, all that a price has: `0.0001`.
 */
export function average(value: number | null | undefined): string {
  if (value == null) return UNKNOWN;
  if (value >= 0.01 || value === 0) return averages.format(value);
  return value < 0.0001 ? 'under 0.0001' : String(Number(value.toFixed(4)));
}

/** A rate per second: one decimal below ten, where it still says something. */
export function rate(value: number | null | undefined): string {
  if (value == null) return UNKNOWN;
  return (value < 9.95 ? tenths : integers).format(value);
}

/** `0.34%` of a whole; `under 0.01%` rather than a rounded nothing. */
export function share(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (100 * part) / whole;
  if (part > 0 && percent < 0.01) return 'under 0.01%';
  return `${percent < 10 ? Number(percent.toFixed(2)) : Math.round(percent)}%`;
}

/** A length of time in its one fitting unit: `0.5 s`, `12 s`, `3 min`, `2 h`, `4 d`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 0.95) return `${Math.max(0.1, Math.round(seconds * 10) / 10)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  if (seconds < 3570) return `${Math.round(seconds / 60)} min`;
  if (seconds < 84_600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** How long ago, in whole units; up to a second and a half it is `now`. */
export function ago(ms: number): string {
  return ms < 1500 ? 'now' : `${duration(ms)} ago`;
}

/** How long the group needs for its backlog at its present rate; null where no rate says so. */
export function backlog(lag: number, perSecond: number | null): string | null {
  if (lag === 0 || perSecond === null || perSecond <= 0) return null;
  return `about ${duration((1000 * lag) / perSecond)}`;
}

/** The local time of day, `15:43:42.699`; text that is no date is returned as it came. */
export function timeOfDay(iso: string, withMs = true): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const two = (value: number) => String(value).padStart(2, '0');
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return withMs ? `${time}.${String(date.getMilliseconds()).padStart(3, '0')}` : time;
}

/** `21 Nov` when that is another local day than now's, else the empty string. */
export function dayUnlessToday(iso: string, now: Date): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime()) || date.toDateString() === now.toDateString()) return '';
  return `${date.getDate()} ${date.toLocaleString('en-US', { month: 'short' })}`;
}

/** `1 partition`, `3 partitions`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A text in pieces: `odd` ones are written by name, because they would not be seen or would be mistaken. */
export function pieces(text: string): readonly { readonly text: string; readonly odd: boolean }[] {
  return text
    .split(ODD)
    .map((piece, index) =>
      index % 2 === 0 ? { text: piece, odd: false } : { text: nameOf(piece), odd: true },
    )
    .filter((piece) => piece.text !== '');
}

/** Spaces at the ends or in a row, and what has no shape: controls, formats, separators, fillers. */
const ODD =
  /(^ +| +$| {2,}|[^\S ]+|[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]+)/u;

function nameOf(piece: string): string {
  if (/^ +$/.test(piece)) return '␣'.repeat(piece.length);
  return [...piece]
    .map((one) => `U+${one.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`)
    .join(' ');
}

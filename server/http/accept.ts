// What the Accept header of a request prefers (RFC 9110, 12.5.1).

/** How much the header wants a media type: its weight of 0..1, 1 when there is no header. */
export function weightOf(accept: string | undefined, type: string): number {
  if (accept === undefined || accept.trim() === '') return 1;
  const [main] = type.split('/');
  let weight = 0;
  let closest = -1;
  for (const range of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim());
    const closeness = ['*/*', `${main}/*`, type].indexOf(name);
    if (closeness < 0 || closeness < closest) continue;
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const value = q === undefined ? 1 : Number(q.slice(2));
    const valid = value >= 0 && value <= 1 ? value : 0;
    weight = closeness > closest ? valid : Math.max(weight, valid);
    closest = closeness;
  }
  return weight;
}

/** What `/metrics` may be sent as. */
export type MetricsFormat = 'json' | 'text' | 'openMetrics';

// Of equal weights the first wins: JSON for who does not care, the older text for who takes any text.
const formats: readonly [MetricsFormat, string][] = [
  ['json', 'application/json'],
  ['text', 'text/plain'],
  ['openMetrics', 'application/openmetrics-text'],
];

/** The format that the client prefers. */
export function preferredFormat(accept: string | undefined): MetricsFormat {
  const weights = formats.map(([, type]) => weightOf(accept, type));
  return formats[weights.indexOf(Math.max(...weights))]![0];
}

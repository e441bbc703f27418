import { useEffect, useState } from 'preact/hooks';
import { parameter, setParameters } from './url.ts';

export const RANGES = ['2m', '15m', '1h'] as const;
export type Range = (typeof RANGES)[number];

/** The chosen range, which is kept in the address. */
export function useRange() {
  const asked = RANGES.find((range) => range === parameter('range')) ?? '2m';
  const [range, setRange] = useState<Range>(asked);
  useEffect(() => setParameters({ range: range === '2m' ? null : range }), [range]);
  return [range, setRange] as const;
}

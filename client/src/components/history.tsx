import { useEffect, useState } from 'preact/hooks';
import type { Series } from '../../../server/http/contract-series.ts';
import { useLazy } from '../hooks.ts';
import type { Mark } from '../marks.ts';
import { parameter, setParameters } from '../url.ts';

export const RANGES = ['2m', '15m', '1h'] as const;
export type Range = (typeof RANGES)[number];
const NAMES: Record<Range, string> = { '2m': '2 min', '15m': '15 min', '1h': '1 h' };

/** The chosen range, which is kept in the address. */
export function useRange() {
  const asked = RANGES.find((range) => range === parameter('range')) ?? '2m';
  const [range, setRange] = useState<Range>(asked);
  useEffect(() => setParameters({ range: range === '2m' ? null : range }), [range]);
  return [range, setRange] as const;
}

/** Throughput, retries, dead letters and lag over time; drawn when the rest of the page stands. */
export function History(props: {
  series: Series | null;
  range: Range;
  marks: readonly Mark[];
  onRange: (range: Range) => void;
}) {
  const { series, range, marks, onRange } = props;
  const all = series
    ? [...marks, ...series.marks.map(({ at }) => ({ at, words: 'rebalance' }))]
    : [];
  const chart = useLazy(() => import('./chart.tsx'));
  return (
    <section class="page history" aria-labelledby="history-title">
      <div class="panel">
        <h2 class="panel-title" id="history-title">
          History
          <span class="ml-auto flex gap-1">
            {RANGES.map((each) => (
              <button
                key={each}
                type="button"
                class="button"
                aria-pressed={each === range}
                onClick={() => onRange(each)}
              >
                {NAMES[each]}
              </button>
            ))}
          </span>
        </h2>
        <div class="chart-place">
          {chart && series && <chart.Chart series={series} marks={all} />}
        </div>
      </div>
    </section>
  );
}

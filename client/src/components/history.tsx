import { useRef } from 'preact/hooks';
import type { Series } from '../../../server/http/contract-series.ts';
import type { Mark } from '../marks.ts';
import { RANGES, type Range } from '../range.ts';
import { Button } from './button.tsx';
import { Chart } from './chart.tsx';

const NAMES: Record<Range, string> = { '2m': '2 min', '15m': '15 min', '1h': '1 h' };

/** Throughput, retries, dead letters and lag over time; drawn when the rest of the page stands. */
export function History(props: {
  series: Series | null;
  range: Range;
  marks: readonly Mark[];
  /** The view is held: what is shown stands still, to be gone over. */
  held: boolean;
  onRange: (range: Range) => void;
}) {
  const { range, marks, held, onRange } = props;
  const shown = useRef(props.series);
  if (!held || shown.current?.step !== props.series?.step) shown.current = props.series;
  const { current: series } = shown;
  const all = series
    ? [...marks, ...series.marks.map(({ at }) => ({ at, words: 'rebalance' }))]
    : [];
  return (
    <section class="panel" aria-labelledby="history-title">
      <h2 class="panel-title" id="history-title">
        History
        <span class="ml-auto flex gap-1">
          {RANGES.map((each) => (
            <Button key={each} aria-pressed={each === range} onClick={() => onRange(each)}>
              {NAMES[each]}
            </Button>
          ))}
        </span>
      </h2>
      <div class="chart-place">{series && <Chart series={series} marks={all} held={held} />}</div>
    </section>
  );
}

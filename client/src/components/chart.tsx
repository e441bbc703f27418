import { useState } from 'preact/hooks';
import type { Series } from '../../../server/http/contract-series.ts';
import { timeOfDay } from '../format.ts';
import type { Mark } from '../marks.ts';
import { LINES, pathOf, summaryOf, timeAt, top, valueAt, wordsAt } from '../series.ts';
import { Button } from './button.tsx';

const WIDTH = 1200;
const LANE = 40;
const GAP = 16;
const HEIGHT = LINES.length * (LANE + GAP);
/** So many rows of the newest points; all of them would be a page of their own. */
const ROWS = 30;

/** Four lines above each other on one axis of time, with a crosshair for pointer and arrow keys; `held`: it stays. */
export function Chart(props: { series: Series; marks: readonly Mark[]; held: boolean }) {
  const { series, marks, held } = props;
  const [at, setAt] = useState<number | null>(null);
  const [asTable, setAsTable] = useState(false);
  const last = series.throughput.length - 1;
  const shown = Math.min(at ?? last, last);
  const x = (index: number) => (WIDTH * index) / last;
  const seen = marks
    .map((mark) => ({
      ...mark,
      index: last - (Date.parse(series.to) - Date.parse(mark.at)) / (1000 * series.step),
    }))
    .filter(({ index }) => index >= 0 && index <= last);

  function point(event: PointerEvent) {
    const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
    setAt(Math.max(0, Math.min(last, Math.round((last * (event.clientX - left)) / width))));
  }
  function press(event: KeyboardEvent) {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, Home: -last, End: last };
    const step = steps[event.key];
    if (event.key === 'Escape') return setAt(null);
    if (step === undefined) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(last, shown + step)));
  }

  return (
    <div class="chart">
      <p class="num chart-words">{wordsAt(series, shown)}</p>
      <div
        class="chart-lines"
        role="slider"
        tabIndex={0}
        aria-label="Point in time"
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={shown}
        aria-valuetext={wordsAt(series, shown)}
        onPointerMove={point}
        onPointerLeave={() => held || setAt(null)}
        onKeyDown={press}
      >
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          {LINES.map(({ key }, lane) => (
            <g key={key} data-line={key} transform={`translate(0 ${lane * (LANE + GAP) + GAP})`}>
              <path class="chart-zero" d={`M0 ${LANE}H${WIDTH}`} />
              <path d={pathOf(series[key], WIDTH, LANE)} />
            </g>
          ))}
          {seen.map(({ index, at, words }) => (
            <path key={`${at} ${words}`} class="chart-mark" d={`M${x(index)} 0V${HEIGHT}`} />
          ))}
          {at !== null && <path class="chart-cross" d={`M${x(shown)} 0V${HEIGHT}`} />}
        </svg>
        {LINES.map(({ key, label, unit }, lane) => (
          <span key={key} class="chart-label num" data-lane={lane}>
            {label}, up to {top(series[key]) < 10 ? top(series[key]) : Math.round(top(series[key]))}{' '}
            {unit}
          </span>
        ))}
      </div>
      <p class="chart-axis num">
        <span>{timeOfDay(timeAt(series, 0), false)}</span>
        {seen.length > 0 && (
          <span class="truncate">
            {seen.map(({ at, words }) => `${timeOfDay(at, false)} ${words}`).join(', ')}
          </span>
        )}
        <Button class="ml-auto" aria-expanded={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? 'Hide the table' : 'Show as table'}
        </Button>
        <span>{timeOfDay(series.to, false)}</span>
      </p>
      <ul class="sr-only">
        {LINES.map(({ key, label, unit }) => (
          <li key={key}>
            {label}: {summaryOf(series[key], unit)}.
          </li>
        ))}
      </ul>
      {asTable && <ChartTable series={series} />}
    </div>
  );
}

function ChartTable({ series }: { series: Series }) {
  const last = series.throughput.length - 1;
  const rows = Array.from({ length: Math.min(ROWS, last + 1) }, (_, row) => last - row);
  return (
    <table class="table">
      <caption class="sr-only">The newest {rows.length} points, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          {LINES.map(({ key, label }) => (
            <th key={key} scope="col">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((index) => (
          <tr key={index}>
            <th scope="row" class="num">
              {timeOfDay(timeAt(series, index), false)}
            </th>
            {LINES.map(({ key }) => (
              <td key={key} class="num">
                {valueAt(series, key, index)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

import { type Points, pathOf } from '../series.ts';

/** The last two minutes of one figure in a corner of its card; in words it stands in the chart. */
export function Sparkline({ points }: { points: Points }) {
  return (
    <svg class="sparkline" viewBox="0 -1 120 20" preserveAspectRatio="none" aria-hidden="true">
      <path d={pathOf(points, 120, 18)} />
    </svg>
  );
}

import type { Points } from '../series.ts';
import { Sparkline } from './sparkline.tsx';

/** One figure: label, value with its unit, and a note. */
export function Card(props: {
  label: string;
  value: string;
  unit?: string;
  note: string;
  /** The last two minutes of it. */
  points?: Points | undefined;
  tone?: 'danger' | undefined;
}) {
  const length = props.value.length + (props.unit ? 0.55 * props.unit.length + 0.5 : 0);
  return (
    <div class="card">
      <dt class="card-label">
        <span class="truncate">{props.label}</span>
        {props.points && <Sparkline points={props.points} />}
      </dt>
      <dd class="card-value">
        <span class="figure num" data-tone={props.tone} style={{ '--length': length }}>
          {props.value}
        </span>
        {props.unit && <span class="text-13 text-muted">{props.unit}</span>}
      </dd>
      <dd class="card-note" title={props.note}>
        {props.note}
      </dd>
    </div>
  );
}

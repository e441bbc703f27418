import type { ComponentChildren } from 'preact';

/** One figure: label, value with its unit, and a note. */
export function Card(props: {
  label: string;
  value: string;
  unit?: string;
  note: string;
  /** Drawn beside the value. */
  children?: ComponentChildren;
  tone?: 'danger' | undefined;
}) {
  const length = props.value.length + (props.unit ? 0.55 * props.unit.length + 0.5 : 0);
  return (
    <div class="card">
      <dt class="text-13 text-muted">{props.label}</dt>
      <dd class="card-value">
        <span class="figure num" data-tone={props.tone} style={{ '--length': length }}>
          {props.value}
        </span>
        {props.unit && <span class="text-13 text-muted">{props.unit}</span>}
      </dd>
      {props.children}
      <dd class="card-note" title={props.note}>
        {props.note}
      </dd>
    </div>
  );
}

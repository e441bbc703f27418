/** One figure: label, value with its unit, and a note. */
export function Card(props: {
  label: string;
  value: string;
  unit?: string;
  note: string;
  tone?: 'danger' | undefined;
}) {
  return (
    <div class="card">
      <dt class="text-13 text-muted">{props.label}</dt>
      <dd class="flex items-baseline gap-1.5 whitespace-nowrap">
        <span class="figure num" data-tone={props.tone} data-long={props.value.length > 8}>
          {props.value}
        </span>
        {props.unit && <span class="text-13 text-muted">{props.unit}</span>}
      </dd>
      <dd class="min-h-4 truncate text-12 text-subtle">{props.note}</dd>
    </div>
  );
}

import type { Sort, SortKey } from '../row-order.ts';

/** A column head that sorts; the arrow has its place even where it is not shown. */
export function SortHeader(props: {
  label: string;
  by: SortKey;
  sort: Sort;
  /** Whether the rows stand in this order now: under a reader's eyes they keep the one they had. */
  holds: boolean;
  onSort: (key: SortKey) => void;
}) {
  const { label, by, sort, holds, onSort } = props;
  const active = sort.key === by;
  const direction = sort.ascending ? 'ascending' : 'descending';
  const arrow = sort.ascending ? '↑' : '↓';
  return (
    <th scope="col" aria-sort={active && holds ? direction : undefined}>
      <button
        type="button"
        title={active && !holds ? 'The order waits while you read' : undefined}
        onClick={() => onSort(by)}
      >
        <span class="arrow" aria-hidden="true">
          {active ? (holds ? arrow : '·') : ''}
        </span>
        {label}
      </button>
    </th>
  );
}

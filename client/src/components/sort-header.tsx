import type { Sort, SortKey } from '../row-order.ts';

/** A column head that sorts; the arrow has its place even where it is not shown. */
export function SortHeader(props: {
  label: string;
  by: SortKey;
  sort: Sort;
  onSort: (key: SortKey) => void;
}) {
  const { label, by, sort, onSort } = props;
  const active = sort.key === by;
  const direction = sort.ascending ? 'ascending' : 'descending';
  return (
    <th scope="col" aria-sort={active ? direction : undefined}>
      <button type="button" onClick={() => onSort(by)}>
        <span class="arrow" aria-hidden="true">
          {active ? (sort.ascending ? '↑' : '↓') : ''}
        </span>
        {label}
      </button>
    </th>
  );
}

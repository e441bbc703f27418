import { count } from '../format.ts';

/** `1–50 of 1,000`, and the way to the neighbours. */
export function Pager(props: {
  page: number;
  size: number;
  total: number;
  onPage: (page: number) => void;
}) {
  const { page, size, total, onPage } = props;
  const last = Math.min(total, (page + 1) * size);
  return (
    <nav class="panel-foot" aria-label="Pages of products">
      <span class="num text-muted">
        {count(page * size + 1)}–{count(last)} of {count(total)}
      </span>
      <button type="button" class="button" disabled={page === 0} onClick={() => onPage(page - 1)}>
        Previous
      </button>
      <button
        type="button"
        class="button"
        disabled={last === total}
        onClick={() => onPage(page + 1)}
      >
        Next
      </button>
    </nav>
  );
}

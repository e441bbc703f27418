import { count } from '../format.ts';
import { Button } from './button.tsx';

/** `1–50 of 1,000`, the way to the neighbours, and all of it as a file. */
export function Pager(props: {
  page: number;
  size: number;
  total: number;
  /** The query that chooses these rows. */
  chosen: string;
  onPage: (page: number) => void;
}) {
  const { page, size, total, chosen, onPage } = props;
  const last = Math.min(total, (page + 1) * size);
  const turns = [
    ['Previous', page - 1, page === 0],
    ['Next', page + 1, last === total],
  ] as const;
  return (
    <nav class="panel-foot flex-wrap" aria-label="Pages of products">
      <span class="num text-muted">
        {count(page * size + 1)}–{count(last)} of {count(total)}
      </span>
      {['CSV', 'JSON'].map((name) => (
        <a
          key={name}
          class="button"
          href={`/api/products/export?format=${name === 'CSV' ? 'csv' : 'jsonl'}&${chosen}`}
        >
          {name}
        </a>
      ))}
      {total > size &&
        turns.map(([name, to, end]) => (
          <Button key={name} disabled={end} onClick={() => onPage(to)}>
            {name}
          </Button>
        ))}
    </nav>
  );
}

import { useRef, useState } from 'preact/hooks';
import { average, count } from '../format.ts';
import { useMedia, useReader } from '../hooks.ts';
import { type Sort, type SortKey, sorted, withNewcomers } from '../row-order.ts';
import type { Model } from '../store.ts';
import { isEmpty } from '../trust.ts';
import { NoOrders } from './no-orders.tsx';
import { Pager } from './pager.tsx';
import { SortHeader } from './sort-header.tsx';

const COLUMNS: readonly [key: SortKey, label: string][] = [
  ['product', 'Product'],
  ['count', 'Orders'],
  ['average', 'Average'],
];

/** Count and average of every product, sortable, one page at a time. */
export function Products({ model, now }: { model: Model | null; now: number }) {
  const [sort, setSort] = useState<Sort>({ key: 'count', ascending: false });
  const [wanted, setWanted] = useState(0);
  const size = useMedia('(width < 40rem)') ? 10 : 50;
  const { reading, handlers } = useReader();
  const order = useRowOrder(model, sort, now, reading);
  const page = Math.min(wanted, Math.max(0, Math.ceil(order.length / size) - 1));
  const names = order.slice(page * size, (page + 1) * size);

  function sortBy(key: SortKey) {
    setSort({ key, ascending: sort.key === key ? !sort.ascending : key === 'product' });
    setWanted(0);
  }

  return (
    <section class="panel" id="products" aria-labelledby="products-title">
      <h2 class="panel-title" id="products-title">
        Products <span class="num text-muted">{model ? count(model.products.size) : ''}</span>
      </h2>
      {model && isEmpty(model) ? (
        <NoOrders status={model.status} />
      ) : (
        <table class="table" {...handlers}>
          <caption class="sr-only">Orders and average price per product</caption>
          <thead>
            <tr>
              {COLUMNS.map(([key, label]) => (
                <SortHeader key={key} label={label} by={key} sort={sort} onSort={sortBy} />
              ))}
            </tr>
          </thead>
          <tbody>
            {/* Keyed by place, not by product: a new order replaces text and moves no row. */}
            {names.map((name, place) => (
              <tr key={place}>
                <th scope="row" dir="auto" title={name}>
                  {name}
                </th>
                <td class="num">{count(model?.products.get(name)?.count)}</td>
                <td class="num">{average(model?.products.get(name)?.averagePrice)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {order.length > size && (
        <Pager page={page} size={size} total={order.length} onPage={setWanted} />
      )}
    </section>
  );
}

const REORDER = 2000;

/** Sorts every two seconds at most and never under a reader's eyes; the values go on regardless. */
function useRowOrder(model: Model | null, sort: Sort, now: number, reading: boolean) {
  const last = useRef<{ sort: Sort; at: number; order: readonly string[] }>(null);
  if (!model) return [];
  const { products } = model;
  const due = !last.current || last.current.sort !== sort;
  if (!last.current || due || (!reading && now - last.current.at >= REORDER)) {
    last.current = { sort, at: now, order: sorted(products, sort) };
  }
  last.current.order = withNewcomers(last.current.order, products);
  return last.current.order;
}

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ProductPage } from '../../../server/http/contract.ts';
import { fetchHistory, fetchProducts } from '../browser.ts';
import { average, count } from '../format.ts';
import { useMedia, usePolled, useReader } from '../hooks.ts';
import { chosenIn, matches, type Row, searchFor, sortOf, sortText } from '../product-query.ts';
import { isSorted, nextShown, type Shown, type Sort, type SortKey } from '../row-order.ts';
import { type Points, summaryOf } from '../series.ts';
import { hasAllProducts, type Model } from '../store.ts';
import { isEmpty } from '../trust.ts';
import { parameter, setParameters } from '../url.ts';
import { Name } from './name.tsx';
import { NoOrders } from './no-orders.tsx';
import { Pager } from './pager.tsx';
import { SortHeader } from './sort-header.tsx';
import { Sparkline } from './sparkline.tsx';

const COLUMNS: readonly [key: SortKey, label: string][] = [
  ['product', 'Product'],
  ['count', 'Orders'],
  ['average', 'Average'],
];

const HISTORY_EVERY = 10_000;
const NONE: Points = [];

/** Count and average of every product, sortable, one page at a time. */
export function Products({ model, now, old }: { model: Model | null; now: number; old: boolean }) {
  const [sort, setSort] = useState(() => sortOf(parameter('sort')));
  const [filter, setFilter] = useState(parameter('q') ?? '');
  const [wanted, setWanted] = useState(() => pageOf(parameter('page')));
  const size = useMedia('(width < 40rem)') ? 10 : 50;
  const { reading, handlers } = useReader<HTMLTableElement>();
  const last = useRef<Shown>(null);
  if (model) last.current = nextShown(last.current, model.products, { sort, at: now, reading });
  const { order = [], products = new Map() } = last.current ?? {};
  const here = filter === '' ? order : order.filter((name) => matches(name, filter));
  const lately = usePolled('history', HISTORY_EVERY, fetchHistory)?.products;
  const histories = useMemo(
    () => new Map(lately?.map(({ product, orders }) => [product, orders])),
    [lately],
  );
  const search = model && searchFor(model, { sort, filter, page: wanted, size });
  const asked = useAsked(search, model?.seq ?? 0, now);

  const isTop = model !== null && search === null && filter === '' && !hasAllProducts(model);
  const total = asked
    ? (asked.page?.matching ?? 0)
    : isTop
      ? (model.metrics?.productCount ?? 0)
      : here.length;
  const page = Math.min(wanted, Math.max(0, Math.ceil(total / size) - 1));
  const rows = asked ? (asked.page?.products ?? []) : rowsOf(products, here, page, size);
  // What was asked for last may lie beyond what there is by now.
  useEffect(() => {
    if (asked?.page && page !== wanted) setWanted(page);
  }, [asked?.page, page, wanted]);
  useEffect(() => {
    const place = wanted === 0 ? null : `${wanted + 1}`;
    setParameters({ sort: sortText(sort), q: filter, page: place });
  }, [sort, filter, wanted]);

  function show(change: { sort?: Sort; filter?: string }) {
    if (change.sort) setSort(change.sort);
    if (change.filter !== undefined) setFilter(change.filter);
    setWanted(0);
  }
  const sortBy = (key: SortKey) =>
    show({ sort: { key, ascending: sort.key === key ? !sort.ascending : key === 'product' } });

  return (
    <section class="panel" id="products" aria-labelledby="products-title">
      <h2 class="panel-title" id="products-title">
        Products{' '}
        <span class="num text-muted">
          {model?.metrics ? count(model.metrics.productCount) : ''}
        </span>
        {(order.length > size || filter !== '') && (
          <input
            type="search"
            class="filter"
            placeholder="Filter"
            aria-label="Filter products by name"
            maxLength={255}
            value={filter}
            onInput={({ currentTarget }) => show({ filter: currentTarget.value })}
          />
        )}
      </h2>
      {model && isEmpty(model) && !old ? (
        <NoOrders status={model.status} />
      ) : (
        <table class="table" {...handlers}>
          <caption class="sr-only">Orders and average price per product</caption>
          <thead>
            <tr>
              {COLUMNS.map(([key, label]) => (
                <SortHeader
                  key={key}
                  label={label}
                  by={key}
                  sort={sort}
                  holds={asked !== null || isSorted(order, products, sort)}
                  onSort={sortBy}
                />
              ))}
              <th scope="col" class="lately">
                Last 4 min
              </th>
            </tr>
          </thead>
          <tbody>
            {/* Keyed by place, not by product: a new order replaces text and moves no row. */}
            {rows.map(({ product, ...row }, place) => (
              <tr key={place}>
                <th scope="row" dir="auto" title={product}>
                  <Name text={product} />
                </th>
                <td class="num">{count(row.count)}</td>
                <td class="num">{average(row.averagePrice)}</td>
                <td class="lately">
                  <Lately points={histories.get(product)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {rows.length === 0 && (asked || filter !== '') && (
        <p class="empty text-muted">{whyEmpty(asked, filter)}</p>
      )}
      {rows.length > 0 && (
        <Pager
          page={page}
          size={size}
          total={total}
          chosen={chosenIn(sort, filter)}
          onPage={setWanted}
        />
      )}
    </section>
  );
}

/** The orders of a product by ten seconds, drawn anew only when they are others. */
function Lately({ points = NONE }: { points: Points | undefined }) {
  return useMemo(
    () => (
      <>
        <Sparkline points={points} />
        <span class="sr-only">{summaryOf(points, 'orders in 10 s')}</span>
      </>
    ),
    [points],
  );
}

/** A page of an address, which counts from 1; a place that is none is the first. */
function pageOf(text: string | null): number {
  return /^[1-9]\d{0,5}$/.test(text ?? '') ? Number(text) - 1 : 0;
}

function rowsOf(
  products: Shown['products'],
  names: readonly string[],
  page: number,
  size: number,
): Row[] {
  return names.slice(page * size, (page + 1) * size).flatMap((product) => {
    const average = products.get(product);
    return average === undefined ? [] : [{ product, ...average }];
  });
}

function whyEmpty(asked: Asked | null, filter: string): string {
  if (asked?.failed) return 'The server did not answer. Trying again.';
  if (asked && !asked.page) return 'Asking the server…';
  return `No product matches “${filter}”.`;
}

/** What the server was asked for: its answer, null before the first, and whether the last try failed. */
type Asked = { readonly page: ProductPage | null; readonly failed: boolean };

const ASK_AGAIN = 2000;

/** The answer to a query; asked again every two seconds while the numbers go on. Null without a query. */
function useAsked(search: string | null, seq: number, now: number): Asked | null {
  const [answer, setAnswer] = useState<Asked & { search: string | null }>({
    search: null,
    page: null,
    failed: false,
  });
  const { current: turn } = useRef({ search: '', seq: -1, at: 0, number: 0, busy: false });
  const again = !turn.busy && seq !== turn.seq && now - turn.at >= ASK_AGAIN;
  if (search !== null && (search !== turn.search || again)) {
    Object.assign(turn, { search, seq, at: now, number: turn.number + 1, busy: true });
  }
  useEffect(() => {
    if (search === null) return;
    const { number } = turn;
    const settle = (page: ProductPage | null) => {
      if (turn.number !== number) return;
      turn.busy = false;
      setAnswer((last) => ({
        search,
        page: page ?? (last.search === search ? last.page : null),
        failed: page === null,
      }));
    };
    fetchProducts(search).then(settle, () => settle(null));
  }, [turn.number, search]);
  if (search === null) return null;
  return answer.search === search ? answer : { page: null, failed: false };
}

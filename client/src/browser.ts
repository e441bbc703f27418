// The browser's side of the feed's ports.
import type { ProductPage, Snapshot } from '../../server/http/contract.ts';
import type { ProductHistory, Series } from '../../server/http/contract-series.ts';
import type { FeedPorts } from './feed-state.ts';
import { createStreamTurns, type TabChannel } from './turns.ts';

/** Longer than a slow server needs, short enough to notice a dead one. */
const ANSWER_WITHIN = 4000;

/** The other tabs of this page in this browser. */
function tabChannel(): TabChannel {
  const channel = new BroadcastChannel('streams');
  return {
    post: (message) => channel.postMessage(message),
    listen(hear) {
      channel.onmessage = ({ data }) => hear(data);
    },
  };
}

/** EventSource, fetch, and a clock that no change of the system time moves. */
export const browser: FeedPorts = {
  clock: {
    now: () => performance.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  },

  random: Math.random,

  openStream(listener) {
    const source = new EventSource('/stream');
    for (const kind of ['snapshot', 'delta'] as const) {
      source.addEventListener(kind, (event: MessageEvent<string>) =>
        listener.message(kind, event.data),
      );
    }
    source.onerror = () => listener.error(source.readyState === EventSource.CLOSED);
    return () => source.close();
  },

  turns: createStreamTurns(
    tabChannel(),
    crypto.getRandomValues(new Uint32Array(2)).join('-'),
    Date.now,
  ),

  fetchSnapshot: () => fetchJson<Snapshot>('/api/snapshot', 'no-store'),
};

/** One page of all products; `search` is the query of the URL. */
export function fetchProducts(search: string): Promise<ProductPage> {
  return fetchJson<ProductPage>(`/api/products?${search}`, 'default');
}

/** How the last while went: `2m`, `15m` or `1h`. */
export function fetchSeries(range: string): Promise<Series> {
  return fetchJson<Series>(`/api/series?range=${range}`, 'no-store');
}

/** How the orders of the products that are shown came lately. */
export function fetchHistory(): Promise<ProductHistory> {
  return fetchJson<ProductHistory>('/api/products/history', 'no-store');
}

async function fetchJson<T>(url: string, cache: RequestCache): Promise<T> {
  const response = await fetch(url, { cache, signal: AbortSignal.timeout(ANSWER_WITHIN) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return (await response.json()) as T;
}

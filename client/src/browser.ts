// The browser's side of the feed's ports.
import type { Snapshot } from '../../server/http/contract.ts';
import type { FeedPorts } from './feed-state.ts';

/** Longer than a slow server needs, short enough to notice a dead one. */
const ANSWER_WITHIN = 4000;

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

  async fetchSnapshot() {
    const signal = AbortSignal.timeout(ANSWER_WITHIN);
    const response = await fetch('/api/snapshot', { cache: 'no-store', signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return (await response.json()) as Snapshot;
  },
};

// Who of several tabs holds a stream. A browser has six connections to a server over HTTP/1.1, for all its
// tabs together: with a stream in each, the seventh would load nothing, not even the page.
import type { StreamTurns } from './feed-state.ts';

/** The rest of the six is for pages and polls. */
const STREAMS = 4;

type Message =
  | {
      readonly kind: 'holds';
      readonly tab: string;
      readonly since: number;
      readonly isNew: boolean;
    }
  | { readonly kind: 'free'; readonly tab: string };

/** The channel that all tabs of this page hear, without what they say themselves. */
export interface TabChannel {
  post(message: Message): void;
  listen(hear: (message: Message) => void): void;
}

/** The turns of the tab called `tab`; `now` is comparable between tabs. The four oldest streams stay. */
export function createStreamTurns(
  channel: TabChannel,
  tab: string,
  now: () => number,
): StreamTurns {
  let mine: { since: number; yields: () => void } | null = null;
  /** Streams of other tabs that are older than ours; they answer whoever takes a new one. */
  let older = new Set<string>();
  let free = () => {};

  channel.listen((message) => {
    if (message.kind === 'free') {
      older.delete(message.tab);
      return free();
    }
    if (mine === null) return;
    const { since, yields } = mine;
    if (message.isNew) channel.post({ kind: 'holds', tab, since, isNew: false });
    const isOlder = message.since < since || (message.since === since && message.tab < tab);
    if (isOlder) older.add(message.tab);
    if (older.size < STREAMS) return;
    // No turn came free by this: whoever heard so would take one, and yield as well.
    mine = null;
    yields();
  });

  return {
    take(yields) {
      older = new Set();
      mine = { since: now(), yields };
      channel.post({ kind: 'holds', tab, since: mine.since, isNew: true });
    },
    giveBack() {
      if (mine === null) return;
      mine = null;
      channel.post({ kind: 'free', tab });
    },
    onFree(run) {
      free = run;
    },
  };
}

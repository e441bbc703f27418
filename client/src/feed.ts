// Keeps the model fresh over the best road there is: the stream, else polling, and says which.
//
//   CONNECTING ─ first message ──▶ LIVE ─ 3.5 s silence, closed, or error and 1.5 s ──▶ POLLING
//       └─ 3 s silence, closed ──▶ POLLING ─ 2 messages on a probe stream ──▶ LIVE
//                                  POLLING ─ 3 failures ──▶ DISCONNECTED ─ any answer ──▶ POLLING
import type { Snapshot } from '../../server/http/contract.ts';
import { createAttempts } from './attempts.ts';
import { type FeedPorts, type FeedState, INITIAL } from './feed-state.ts';
import { createHiding } from './hiding.ts';
import { createNumbers } from './numbers.ts';
import { createSnapshotPolls } from './polls.ts';

const SECOND = 1000;
/** A server that said nothing for longer and speaks again is worth a stream at once. */
const SILENCE = 3 * SECOND;

/** The running feed: what the page may ask of it. */
export type PageFeed = ReturnType<typeof createPageFeed>;

/** Creates a feed at rest; `onChange` receives every new state. */
export function createPageFeed(ports: FeedPorts, onChange: (state: FeedState) => void) {
  const { clock } = ports;
  const hiding = createHiding(clock, rest, cameBack);
  const numbers = createNumbers((model) =>
    update({ model, advancedAt: clock.now(), resting: hiding.isLong() }),
  );
  const isLive = () => state.transport === 'live';
  const begins = () => isLive() || state.transport === 'connecting';
  const stream = createAttempts(ports, {
    ...{ opening: numbers.forgetStream, message, lost, isLive },
    isProbe: () => !begins(),
  });
  const polls = createSnapshotPolls(ports, numbers.shownEpoch, { answered, failed });

  let state = INITIAL;
  /** A message was missing on this stream, and a snapshot was asked for to fill in. */
  let mending: unknown = null;

  function update(change: Partial<FeedState>) {
    state = { ...state, ...change };
    onChange(state);
  }

  function message(kind: 'snapshot' | 'delta', text: string, isTrusted: boolean): string | null {
    state = { ...state, heardAt: clock.now() };
    const result = numbers.streamed(kind, text);
    if (result === 'unreadable') return 'a message was not readable';
    if (result === 'gap') {
      mending = stream.identity();
      void polls.now();
    }
    if (isTrusted) live();
    else if (state.transport === 'disconnected') polling();
    else if (result !== 'taken') update({});
    return null;
  }

  function live() {
    if (isLive()) return;
    polls.rest();
    polls.heard();
    stream.hope();
    update({ transport: 'live', dropped: null, probeAt: null, pollAt: null, resting: false });
  }

  function lost(words: string, wait: number) {
    const wasFirst = begins();
    update({
      transport: wasFirst ? 'polling' : state.transport,
      dropped: words,
      probeAt: clock.now() + wait,
    });
    if (wasFirst) void polls.now();
  }

  function answered(snapshot: Snapshot, asked: number | undefined) {
    const silent = clock.now() - (state.heardAt ?? clock.now());
    const isMending = mending !== null && mending === stream.identity();
    mending = null;
    update({ heardAt: clock.now() });
    const isOfStream = numbers.answered(snapshot, asked, isLive());
    // A snapshot of the same process fills the gap; of another one it cannot, and the stream begins anew.
    if (isMending && !isOfStream) return stream.lose('a message was missing');
    if (begins()) return;
    polling();
    if (silent > SILENCE && !stream.isOpen() && !hiding.isLong() && !stream.hasYielded()) {
      stream.hope();
      stream.open(2);
    }
  }

  function failed(givenUp: boolean) {
    if (!begins()) pollAgain(givenUp ? 'disconnected' : state.transport);
  }

  function polling() {
    polls.heard();
    pollAgain('polling');
  }

  function pollAgain(transport: FeedState['transport']) {
    const pollAt = clock.now() + polls.again(hiding.isLong());
    update({ transport, pollAt, resting: hiding.isLong() });
  }

  function rest() {
    stream.close();
    update({ dropped: null, probeAt: null });
    pollAgain(state.transport === 'disconnected' ? 'disconnected' : 'polling');
  }

  function cameBack() {
    stream.open(1);
    void polls.now();
  }

  function stopAll() {
    stream.close();
    hiding.reset();
    polls.stop();
    stream.hope();
  }

  ports.turns.onFree(() => {
    if (stream.hasYielded() && !hiding.isLong() && !stream.isOpen()) stream.open(1);
  });

  return {
    start() {
      stopAll();
      update({ transport: 'connecting', dropped: null, probeAt: null, pollAt: null });
      stream.open(1);
    },

    /** Closes stream and timers; the numbers stay, so that a page taken out of a cache shows them. */
    stop: stopAll,

    /** Fetches at once and, where the stream is not in use, opens it again with fresh patience. */
    retry() {
      if (!isLive() && !hiding.isLong()) {
        stream.hope();
        polls.hope();
        if (state.transport !== 'connecting') stream.open(2);
      }
      void polls.now();
    },

    setVisible: hiding.setVisible,
  };
}

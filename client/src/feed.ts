// Keeps the model fresh over the best road there is: the stream, else polling, and says which.
//
//   CONNECTING ─ first message ──▶ LIVE ─ 3.5 s silence, closed, or error and 1.5 s ──▶ POLLING
//       └─ 3 s silence, closed ──▶ POLLING ─ 2 messages on a probe stream ──▶ LIVE
//                                  POLLING ─ 3 failures ──▶ DISCONNECTED ─ any answer ──▶ POLLING
import type { Snapshot } from '../../server/http/contract.ts';
import { createAlarm } from './alarm.ts';
import { type FeedPorts, type FeedState, INITIAL } from './feed-state.ts';
import { createNumbers } from './numbers.ts';
import { createPolls } from './polls.ts';
import { createProbes } from './probes.ts';
import { createStream, type Loss } from './stream.ts';

const SECOND = 1000;
/** A server that said nothing for longer and speaks again is worth a stream at once. */
const SILENCE = 3 * SECOND;
const HIDDEN_FOR = 30 * SECOND;

/** The running feed: what the page may ask of it. */
export type Feed = ReturnType<typeof createFeed>;

/** Creates a feed at rest; `onChange` receives every new state. */
export function createFeed(ports: FeedPorts, onChange: (state: FeedState) => void) {
  const { clock } = ports;
  const probe = createAlarm(clock);
  const release = createAlarm(clock);
  const probes = createProbes(ports.random);
  const numbers = createNumbers((model) =>
    update({ model, advancedAt: clock.now(), resting: released }),
  );
  const stream = createStream(ports, onMessage, onLost);
  const polls = createPolls(ports, numbers.shownEpoch, { answered, failed });

  let state = INITIAL;
  let messagesToTrust = 1;
  let released = false;
  let yielded = false;
  /** A message was missing on this stream, and a snapshot was asked for to fill in. */
  let mending: unknown = null;

  function update(change: Partial<FeedState>) {
    state = { ...state, ...change };
    onChange(state);
  }

  const isLive = () => state.transport === 'live';
  const begins = () => isLive() || state.transport === 'connecting';

  function open(trust: number) {
    probe.clear();
    numbers.forgetStream();
    messagesToTrust = trust;
    yielded = false;
    stream.open(() => !begins());
  }

  function onMessage(kind: 'snapshot' | 'delta', text: string, nth: number): string | null {
    state = { ...state, heardAt: clock.now() };
    const result = numbers.streamed(kind, text);
    if (result === 'unreadable') return 'a message was not readable';
    if (result === 'gap') {
      mending = stream.identity();
      void polls.now();
    }
    if (nth >= messagesToTrust) live();
    else if (state.transport === 'disconnected') polling();
    else if (result !== 'taken') update({});
    return null;
  }

  function live() {
    if (isLive()) return;
    polls.rest();
    polls.heard();
    probes.reset();
    update({ transport: 'live', dropped: null, probeAt: null, pollAt: null, resting: false });
  }

  function onLost({ words, yielded: isYielded = false }: Loss) {
    const now = clock.now();
    const { wait, flapping } = probes.next(now, isLive(), isYielded);
    yielded = isYielded;
    probe.set(wait, () => open(2));
    const wasFirst = begins();
    update({
      transport: wasFirst ? 'polling' : state.transport,
      dropped: flapping ? 'it dropped three times in a minute' : words,
      probeAt: now + wait,
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
    if (isMending && !isOfStream) {
      stream.close();
      return onLost({ words: 'a message was missing' });
    }
    if (begins()) return;
    polling();
    if (silent > SILENCE && !stream.isOpen() && !released && !yielded) {
      probes.reset();
      open(2);
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
    const pollAt = clock.now() + polls.again(released);
    update({ transport, pollAt, resting: released });
  }

  function rest() {
    released = true;
    stream.close();
    probe.clear();
    update({ dropped: null, probeAt: null });
    pollAgain(state.transport === 'disconnected' ? 'disconnected' : 'polling');
  }

  function stopAll() {
    stream.close();
    for (const alarm of [probe, release]) alarm.clear();
    polls.stop();
    probes.reset();
    released = false;
  }

  ports.turns.onFree(() => {
    if (yielded && !released && !stream.isOpen()) open(1);
  });

  return {
    start() {
      stopAll();
      update({ transport: 'connecting', dropped: null, probeAt: null, pollAt: null });
      open(1);
    },

    /** Closes stream and timers; the numbers stay, so that a page taken out of a cache shows them. */
    stop: stopAll,

    /** Fetches at once and, where the stream is not in use, opens it again with fresh patience. */
    retry() {
      if (!isLive() && !released) {
        probes.reset();
        polls.hope();
        if (state.transport !== 'connecting') open(2);
      }
      void polls.now();
    },

    /** A hidden tab gives its connection back after a while: browsers allow six per origin. */
    setVisible(visible: boolean) {
      if (!visible) return release.set(HIDDEN_FOR, rest);
      release.clear();
      if (!released) return;
      released = false;
      open(1);
      void polls.now();
    },
  };
}

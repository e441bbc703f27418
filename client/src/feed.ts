// Keeps the model fresh over the best road there is: the stream, else polling, and says which.
//
//   CONNECTING ─ first message ──▶ LIVE ─ 3.5 s silence, closed, or error and 1.5 s ──▶ POLLING
//       └─ 3 s silence, closed ──▶ POLLING ─ 2 messages on a probe stream ──▶ LIVE
//                                  POLLING ─ 3 failures ──▶ DISCONNECTED ─ any answer ──▶ POLLING
//
// Only messages count: a half-open or buffered stream opens and then says nothing, without an error.
//
// Numbers of two server processes cannot be compared: a clock can be set back, and behind a balancer the
// stream and the polls may reach different ones. So a stream is followed by itself; while it is live, it is
// the truth. Else what was asked for last is, whichever process it comes from.
import type { Delta, Snapshot } from '../../server/http/contract.ts';
import { createAlarm } from './alarm.ts';
import { type FeedPorts, type FeedState, INITIAL } from './feed-state.ts';
import { advance, fromSnapshot, type Model } from './store.ts';

const SECOND = 1000;
const FIRST_MESSAGE = 3 * SECOND;
const SILENCE = 3.5 * SECOND;
const RECONNECT_GRACE = 1.5 * SECOND;
const POLL = SECOND;
const POLL_RETRIES = [1, 2, 4, 8];
const FAILURES_TO_DISCONNECT = 3;
const PROBES = [1, 2, 4, 8, 15, 30];
const FLAPPING = { drops: 3, within: 60 * SECOND, rest: 60 * SECOND };
const HIDDEN = { releaseAfter: 30 * SECOND, poll: 15 * SECOND };

/** The running feed: what the page may ask of it. */
export type Feed = ReturnType<typeof createFeed>;

/** Creates a feed at rest; `onChange` receives every new state. */
export function createFeed(ports: FeedPorts, onChange: (state: FeedState) => void) {
  const { clock } = ports;
  const watchdog = createAlarm(clock);
  const grace = createAlarm(clock);
  const probe = createAlarm(clock);
  const poll = createAlarm(clock);
  const release = createAlarm(clock);

  let state = INITIAL;
  let closeStream: (() => void) | null = null;
  let fetching: symbol | null = null;
  let failures = 0;
  let probes = 0;
  let drops: number[] = [];
  let released = false;
  /** What the current stream has said so far. */
  let streamed: Model | null = null;
  /** The newest message of each process that was heard of. */
  const heard = new Map<number, number>();

  function update(change: Partial<FeedState>) {
    state = { ...state, ...change };
    onChange(state);
  }

  function accept(model: Model) {
    if (model.seq <= (heard.get(model.epoch) ?? -1)) return;
    heard.set(model.epoch, model.seq);
    update({ model, advancedAt: clock.now(), resting: released });
  }

  /** `asked`: the process whose numbers were shown when this was asked for. */
  function acceptAnswer(model: Model, asked: number | undefined) {
    if (streamed?.epoch === model.epoch && model.seq > streamed.seq) streamed = model;
    const another = model.epoch !== state.model?.epoch;
    const late = state.model?.epoch !== asked;
    if (another && (late || state.transport === 'live')) return;
    accept(model);
  }

  function close() {
    watchdog.clear();
    grace.clear();
    closeStream?.();
    closeStream = null;
    streamed = null;
  }

  function open(messagesToTrust: number) {
    close();
    probe.clear();
    let messages = 0;
    const probing = state.transport !== 'connecting';
    watchdog.set(probing ? SILENCE : FIRST_MESSAGE, () => lost('it said nothing'));
    closeStream = ports.openStream({
      message(kind, text) {
        grace.clear();
        watchdog.set(SILENCE, () => lost('it went silent'));
        if (!receive(kind, text)) return lost('a message was not readable');
        messages += 1;
        if (messages >= messagesToTrust) live();
        else if (state.transport === 'disconnected') answered();
      },
      error(closed) {
        if (closed) lost('the server refused it');
        else if (probing && state.transport !== 'live') lost('it could not be reached');
        else if (!grace.isSet()) grace.set(RECONNECT_GRACE, () => lost('the connection broke'));
      },
    });
  }

  function receive(kind: 'snapshot' | 'delta', text: string): boolean {
    let next: Model | 'known' | 'gap';
    try {
      next =
        kind === 'snapshot'
          ? fromSnapshot(JSON.parse(text) as Snapshot, state.model)
          : advance(streamed, JSON.parse(text) as Delta);
    } catch {
      return false;
    }
    if (next === 'gap') void mend();
    else if (next !== 'known') {
      streamed = next;
      accept(next);
    }
    return true;
  }

  /** A snapshot of the same process fills the gap; of another one it cannot, and the stream begins anew. */
  async function mend() {
    const before = closeStream;
    const answer = await fetchNow();
    if (answer && before === closeStream && answer.epoch !== streamed?.epoch) {
      lost('a message was missing');
    }
  }

  function live() {
    if (state.transport === 'live') return;
    poll.clear();
    failures = 0;
    probes = 0;
    update({ transport: 'live', dropped: null, probeAt: null, pollAt: null, resting: false });
  }

  function lost(reason: string) {
    close();
    const now = clock.now();
    if (state.transport === 'live') {
      drops = [...drops.filter((at) => now - at < FLAPPING.within), now];
    }
    const flapping = drops.length >= FLAPPING.drops;
    if (flapping) drops = [];
    const wait = flapping ? FLAPPING.rest : backoff(PROBES, probes) * (0.8 + 0.4 * ports.random());
    probes += 1;
    probe.set(wait, () => open(2));
    const begins = state.transport === 'live' || state.transport === 'connecting';
    update({
      transport: begins ? 'polling' : state.transport,
      dropped: flapping ? 'it dropped three times in a minute' : reason,
      probeAt: now + wait,
    });
    if (begins) void fetchNow();
  }

  async function fetchNow(): Promise<Model | null> {
    if (fetching) return null;
    const mine = Symbol('fetch');
    fetching = mine;
    poll.clear();
    const asked = state.model?.epoch;
    const model = await ports
      .fetchSnapshot()
      .then((snapshot) => fromSnapshot(snapshot, state.model))
      .catch(() => null);
    if (fetching !== mine) return null;
    fetching = null;
    if (model) acceptAnswer(model, asked);
    if (state.transport === 'live' || state.transport === 'connecting') return model;
    if (model) answered();
    else failed();
    return model;
  }

  function failed() {
    failures += 1;
    const transport = failures >= FAILURES_TO_DISCONNECT ? 'disconnected' : state.transport;
    pollAgain({ transport, resting: released });
  }

  function answered() {
    failures = 0;
    pollAgain({ transport: 'polling', resting: released });
  }

  function pollAgain(change: Partial<FeedState>) {
    const failing = failures - FAILURES_TO_DISCONNECT;
    const wait = released ? HIDDEN.poll : failing >= 0 ? backoff(POLL_RETRIES, failing) : POLL;
    poll.set(wait, () => void fetchNow());
    update({ ...change, pollAt: clock.now() + wait });
  }

  /** Fetches at once and, where the stream is not in use, opens it again with fresh patience. */
  function retry() {
    if (state.transport !== 'live' && !released) {
      probes = 0;
      failures = Math.min(failures, FAILURES_TO_DISCONNECT - 1);
      if (state.transport !== 'connecting') open(2);
    }
    void fetchNow();
  }

  return {
    start() {
      stopAll();
      update({ transport: 'connecting', dropped: null, probeAt: null, pollAt: null });
      open(1);
    },

    /** Closes stream and timers; the numbers stay, so that a page taken out of a cache shows them. */
    stop: stopAll,
    retry,

    /** A hidden tab gives its connection back after a while: browsers allow six per origin. */
    setVisible(visible: boolean) {
      if (!visible) return release.set(HIDDEN.releaseAfter, rest);
      release.clear();
      if (!released) return;
      released = false;
      open(1);
      void fetchNow();
    },
  };

  function rest() {
    released = true;
    close();
    probe.clear();
    const transport = state.transport === 'disconnected' ? 'disconnected' : 'polling';
    pollAgain({ transport, dropped: null, probeAt: null, resting: true });
  }

  function stopAll() {
    close();
    for (const alarm of [probe, poll, release]) alarm.clear();
    fetching = null;
    released = false;
    failures = 0;
    probes = 0;
  }
}

function backoff(seconds: readonly number[], attempt: number): number {
  return SECOND * (seconds[Math.min(attempt, seconds.length - 1)] ?? 0);
}

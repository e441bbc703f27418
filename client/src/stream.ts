// One stream, watched. Only messages count: a half-open or buffered stream opens and then says nothing,
// without an error.
import { createAlarm } from './alarm.ts';
import type { FeedPorts } from './feed-state.ts';

const SECOND = 1000;
const FIRST_MESSAGE = 3 * SECOND;
const SILENCE = 3.5 * SECOND;
const RECONNECT_GRACE = 1.5 * SECOND;

/** Why a stream is lost for now, in words; or it is left to other tabs. */
export type Loss = { readonly words: string; readonly yielded?: boolean };

/** Hears one message; what it returns is why the stream cannot go on. */
type OnMessage = (kind: 'snapshot' | 'delta', text: string, nth: number) => string | null;

/** At most one stream at a time. `lost` is called once for each; then it is closed. */
export function createStream(ports: FeedPorts, onMessage: OnMessage, lost: (loss: Loss) => void) {
  const watchdog = createAlarm(ports.clock);
  const grace = createAlarm(ports.clock);
  let closeStream: (() => void) | null = null;

  function close() {
    watchdog.clear();
    grace.clear();
    if (closeStream === null) return;
    closeStream();
    closeStream = null;
    ports.turns.giveBack();
  }

  function lose(words: string, yielded = false) {
    close();
    lost({ words, yielded });
  }

  return {
    close,
    isOpen: () => closeStream !== null,
    /** Changes whenever another stream is opened. */
    identity: () => closeStream,
    /** `isProbe`: the numbers come by another road meanwhile, so an error is not waited out. */
    open(isProbe: () => boolean) {
      close();
      let messages = 0;
      watchdog.set(isProbe() ? SILENCE : FIRST_MESSAGE, () => lose('it said nothing'));
      closeStream = ports.openStream({
        message(kind, text) {
          grace.clear();
          watchdog.set(SILENCE, () => lose('it went silent'));
          messages += 1;
          const fault = onMessage(kind, text, messages);
          if (fault !== null) lose(fault);
        },
        error(closed) {
          if (closed) lose('the server refused it');
          else if (isProbe()) lose('it could not be reached');
          else if (!grace.isSet()) grace.set(RECONNECT_GRACE, () => lose('the connection broke'));
        },
      });
      ports.turns.take(() => lose('other tabs of this browser use it', true));
    },
  };
}

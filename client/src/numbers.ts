// Which of all that was heard is the newest truth.
//
// Numbers of two server processes cannot be compared: a clock can be set back, and behind a balancer the
// stream and the polls may reach different ones. So a stream is followed by itself; while it is live, it is
// the truth. Else what was asked for last is, whichever process it comes from.
import type { Delta, Snapshot } from '../../server/http/contract.ts';
import { advance, fromSnapshot, type Model } from './store.ts';

/** Nothing heard yet; `accept` is given every model that is newer than the last. */
export function createNumbers(accept: (model: Model) => void) {
  let shown: Model | null = null;
  /** What the current stream has said so far. */
  let streamed: Model | null = null;
  /** The newest message of each process that was heard of. */
  const heard = new Map<number, number>();

  function take(model: Model) {
    if (model.seq <= (heard.get(model.epoch) ?? -1)) return;
    heard.set(model.epoch, model.seq);
    shown = model;
    accept(model);
  }

  return {
    shownEpoch: () => shown?.epoch,

    /** A new stream begins, and follows nothing. */
    forgetStream() {
      streamed = null;
    },

    /** A message of the stream: `gap` when others are missing before it, `unreadable` when it is none. */
    streamed(kind: 'snapshot' | 'delta', text: string): 'taken' | 'known' | 'gap' | 'unreadable' {
      let next: Model | 'known' | 'gap';
      try {
        next =
          kind === 'snapshot'
            ? fromSnapshot(JSON.parse(text) as Snapshot, shown)
            : advance(streamed, JSON.parse(text) as Delta);
      } catch {
        return 'unreadable';
      }
      if (next === 'gap' || next === 'known') return next;
      streamed = next;
      take(next);
      return 'taken';
    },

    /**
     * The answer to a question that was asked while the numbers of process `asked` were shown. Whether
     * it comes from the process of the stream.
     */
    answered(snapshot: Snapshot, asked: number | undefined, isLive: boolean): boolean {
      const model = fromSnapshot(snapshot, shown);
      if (streamed?.epoch === model.epoch && model.seq > streamed.seq) streamed = model;
      const isAnother = model.epoch !== shown?.epoch;
      const isLate = shown?.epoch !== asked;
      if (!isAnother || !(isLate || isLive)) take(model);
      return model.epoch === streamed?.epoch;
    },
  };
}

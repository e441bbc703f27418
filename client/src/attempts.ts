// Opens the stream, and opens it again when it was lost, after a pause that grows.
import { createAlarm } from './alarm.ts';
import type { FeedPorts } from './feed-state.ts';
import { createProbes } from './probes.ts';
import { createStream, type Loss } from './stream.ts';

type Heard = {
  /** A new stream is about to open. */
  opening(): void;
  /** `isTrusted`: it has said enough to be used. What is returned is why it cannot go on. */
  message(kind: 'snapshot' | 'delta', text: string, isTrusted: boolean): string | null;
  /** Why, in words, and in how many milliseconds another is opened. */
  lost(words: string, wait: number): void;
  /** Whether the numbers come by another road meanwhile. */
  isProbe(): boolean;
  /** Whether the numbers come from the stream. */
  isLive(): boolean;
};

/** None yet. */
export function createAttempts(ports: FeedPorts, heard: Heard) {
  const next = createAlarm(ports.clock);
  const probes = createProbes(ports.random);
  const stream = createStream(ports, onMessage, lost);
  let messagesToTrust = 1;
  let yielded = false;

  function onMessage(kind: 'snapshot' | 'delta', text: string, nth: number) {
    return heard.message(kind, text, nth >= messagesToTrust);
  }

  function open(trust: number) {
    next.clear();
    heard.opening();
    messagesToTrust = trust;
    yielded = false;
    stream.open(heard.isProbe);
  }

  function lost({ words, yielded: isYielded = false }: Loss) {
    const { wait, flapping } = probes.next(ports.clock.now(), heard.isLive(), isYielded);
    yielded = isYielded;
    next.set(wait, () => open(2));
    heard.lost(flapping ? 'it dropped three times in a minute' : words, wait);
  }

  return {
    /** Opens a stream that is used after so many messages. */
    open,
    isOpen: stream.isOpen,
    /** Changes whenever another stream is opened. */
    identity: stream.identity,
    /** Whether the last one was left to other tabs. */
    hasYielded: () => yielded,
    /** Gives the stream up as one that was lost. */
    lose(words: string) {
      stream.close();
      lost({ words });
    },
    /** No stream, and none later on. */
    close() {
      stream.close();
      next.clear();
    },
    /** From now on the pauses are short again. */
    hope: probes.reset,
  };
}

// What the feed tells the page, and what it needs from the browser.
import type { Snapshot } from '../../server/http/contract.ts';
import type { AlarmClock } from './alarm.ts';
import type { Model } from './store.ts';

/** The road the numbers take at present. */
export type Transport = 'connecting' | 'live' | 'polling' | 'disconnected';

/** All the page needs to judge its numbers; times are the clock's monotonic milliseconds. */
export interface FeedState {
  readonly transport: Transport;
  readonly model: Model | null;
  /** When (epoch, seq) last advanced: an answer that says nothing new is not freshness. */
  readonly advancedAt: number | null;
  /** When the server last said anything at all. */
  readonly heardAt: number | null;
  /** Why the stream is not in use, in words. */
  readonly dropped: string | null;
  /** When the stream is tried again. */
  readonly probeAt: number | null;
  /** When the next snapshot is asked for. */
  readonly pollAt: number | null;
  /** The tab was hidden for long: the stream is given back, and polling is slow on purpose. */
  readonly resting: boolean;
}

/** Before the first answer. */
export const INITIAL: FeedState = {
  transport: 'connecting',
  model: null,
  advancedAt: null,
  heardAt: null,
  dropped: null,
  probeAt: null,
  pollAt: null,
  resting: false,
};

/** Hears one stream. */
export interface StreamListener {
  message(kind: 'snapshot' | 'delta', text: string): void;
  /** `closed`: the browser gave up and will not reconnect by itself. */
  error(closed: boolean): void;
}

/** Who of several tabs holds a stream: a browser has six connections for all of them. */
export interface StreamTurns {
  /** Takes a stream; `yields` is called when enough other tabs had one before. */
  take(yields: () => void): void;
  /** Gives it back, so that another tab may have it. */
  giveBack(): void;
  /** Calls `run` whenever another tab gave its stream back. */
  onFree(run: () => void): void;
}

/** The world as the feed needs it. */
export interface FeedPorts {
  clock: AlarmClock;
  /** From 0 up to 1, spreads the attempts of many tabs. */
  random(): number;
  /** Opens the stream and returns how to close it; a closed one calls its listener no more. */
  openStream(listener: StreamListener): () => void;
  /** One `GET /api/snapshot`; rejects on anything but a whole answer within a few seconds. */
  fetchSnapshot(): Promise<Snapshot>;
  turns: StreamTurns;
}

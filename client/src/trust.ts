// Can this screen be trusted? Transport, freshness and source become one visible answer. Pure.
import type { FeedState } from './feed-state.ts';
import { ago, count, duration } from './format.ts';
import { hasOrders, type Model } from './store.ts';

/** What the pill says; the first that holds, in this order. */
export type Condition =
  | 'paused'
  | 'connecting'
  | 'disconnected'
  | 'offline'
  | 'stale'
  | 'kafka-down'
  | 'not-ready'
  | 'polling'
  | 'live';

/** How a condition is shown: never by colour alone, always by icon and word. */
interface Face {
  readonly word: string;
  readonly tone: 'ok' | 'warn' | 'danger' | 'quiet';
  readonly icon: 'ring' | 'dot' | 'cycle' | 'triangle' | 'cross' | 'bars';
  readonly favicon: 'hollow' | 'filled' | 'half' | 'cross';
  readonly mark: string;
  readonly announcement: string;
}

/** Every condition's face. */
export const FACES: Record<Condition, Face> = {
  paused: {
    word: 'Paused',
    tone: 'quiet',
    icon: 'bars',
    favicon: 'hollow',
    mark: '❚❚ ',
    announcement: 'Updates paused.',
  },
  connecting: {
    word: 'Connecting',
    tone: 'quiet',
    icon: 'ring',
    favicon: 'hollow',
    mark: '',
    announcement: 'Still connecting.',
  },
  disconnected: {
    word: 'Disconnected',
    tone: 'danger',
    icon: 'cross',
    favicon: 'cross',
    mark: '⚠ ',
    announcement: 'Disconnected from the server. Numbers on screen are old.',
  },
  offline: {
    word: 'Offline',
    tone: 'danger',
    icon: 'cross',
    favicon: 'cross',
    mark: '⚠ ',
    announcement: 'Device is offline.',
  },
  stale: {
    word: 'Stale',
    tone: 'warn',
    icon: 'triangle',
    favicon: 'hollow',
    mark: '⚠ ',
    announcement: 'Data is stale. No update for more than 5 seconds.',
  },
  'kafka-down': {
    word: 'Kafka down',
    tone: 'danger',
    icon: 'cross',
    favicon: 'cross',
    mark: '✕ ',
    announcement: 'Kafka is unreachable. Orders are not being processed.',
  },
  'not-ready': {
    word: 'Not ready',
    tone: 'warn',
    icon: 'triangle',
    favicon: 'cross',
    mark: '▲ ',
    announcement: 'The service is not ready.',
  },
  polling: {
    word: 'Polling every 1 s',
    tone: 'warn',
    icon: 'cycle',
    favicon: 'half',
    mark: '',
    announcement: 'The live stream dropped. Updating by polling every second.',
  },
  live: {
    word: 'Live',
    tone: 'ok',
    icon: 'dot',
    favicon: 'filled',
    mark: '',
    announcement: 'Live updates on.',
  },
};

/** Without anything new for longer than this the numbers count as old. */
const STALE_AFTER = 5000;

/** Milliseconds since the numbers last advanced. */
export function ageOf(feed: FeedState, now: number): number {
  return feed.advancedAt === null ? 0 : Math.max(0, now - feed.advancedAt);
}

/** The condition of what the server is heard to say, whether the user paused or not. */
export function conditionOf(feed: FeedState, now: number, online: boolean): Condition {
  const { transport, model } = feed;
  // A server on this device answers without a network, so offline matters only once it does not.
  if (transport === 'disconnected') return online ? 'disconnected' : 'offline';
  if (transport === 'connecting' || !model) return 'connecting';
  if (ageOf(feed, now) > STALE_AFTER && !feed.resting) return 'stale';
  if (!model.status.kafka.up) return 'kafka-down';
  return model.status.phase === 'ready' ? transport : 'not-ready';
}

/** Whether the numbers must look old. */
export function isOld(condition: Condition): boolean {
  return condition === 'stale' || condition === 'disconnected' || condition === 'offline';
}

/** The words after the pill's own: how old the numbers are, and by which road they come. */
export function detailOf(condition: Condition, feed: FeedState, now: number, shown: Model | null) {
  const age = ageOf(feed, now);
  switch (condition) {
    case 'connecting':
      return '…';
    case 'paused': {
      const newer = (feed.model?.metrics?.totalCount ?? 0) - (shown?.metrics?.totalCount ?? 0);
      return `${count(Math.max(0, newer))} newer order${newer === 1 ? '' : 's'}`;
    }
    case 'live':
      return `stream, ${ago(age)}`;
    case 'polling':
      return ago(age);
    case 'kafka-down':
    case 'not-ready':
      return `page is ${feed.transport}, ${ago(age)}`;
    default:
      return feed.model ? `last update ${duration(age)} ago` : 'no data yet';
  }
}

/** Why the numbers are polled, for the pill's tooltip; empty while the stream is in use. */
export function tooltipOf(feed: FeedState, now: number): string {
  if (feed.transport !== 'polling' || !feed.dropped) return '';
  const again =
    feed.probeAt === null ? '' : ` Trying it again in ${secondsTo(feed.probeAt, now)} s.`;
  return `The live stream dropped (${feed.dropped}).${again}`;
}

/** Whole seconds until then, at least 1 while it lies ahead. */
export function secondsTo(at: number, now: number): number {
  return Math.max(1, Math.ceil((at - now) / 1000));
}

/** Whether nothing came through the topic yet, and nothing else explains the empty page. */
export function isEmpty(model: Model): boolean {
  const { kafka, phase } = model.status;
  return kafka.up && phase === 'ready' && model.metrics !== null && !hasOrders(model);
}

/** The tab's title: state mark, dead letters, name. */
export function titleOf(condition: Condition, model: Model | null): string {
  const letters = model?.metrics?.balance.deadLettered ?? 0;
  return `${FACES[condition].mark}${letters > 0 ? `(${count(letters)}) ` : ''}Order stream`;
}

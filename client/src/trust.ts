// Can this screen be trusted? Transport, freshness, source and readiness become one visible answer. Pure.
import { FACES } from './faces.ts';
import type { FeedState } from './feed-state.ts';
import { ago, count, duration, plural } from './format.ts';
import { isUntouched, type Model } from './store.ts';

/** What the pill says; the first that holds, in this order. */
export type Condition =
  | 'frozen'
  | 'connecting'
  | 'disconnected'
  | 'offline'
  | 'stale'
  | 'kafka-down'
  | 'stopped'
  | 'not-ready'
  | 'held'
  | 'polling'
  | 'live';

/** Without anything new for longer than this the numbers count as old. */
export const STALE_AFTER = 5000;

/** Milliseconds since the numbers last advanced. */
export function ageOf(feed: FeedState, now: number): number {
  return feed.advancedAt === null ? 0 : Math.max(0, now - feed.advancedAt);
}

/** What the clock of the server shows now, ms since 1970, going by what it said last. */
export function serverTime(feed: FeedState, now: number): number {
  return (feed.model?.at ?? 0) + ageOf(feed, now);
}

/** Whether the server said nothing at all for so long that its numbers are old. */
export function isSilent(feed: FeedState, now: number): boolean {
  return feed.heardAt === null || now - feed.heardAt > STALE_AFTER;
}

/** The condition of what the server is heard to say, whether the user froze the view or not. */
export function conditionOf(feed: FeedState, now: number, online: boolean): Condition {
  const { transport, model } = feed;
  // A server on this device answers without a network, so offline matters only once it does not.
  if (transport === 'disconnected') return online ? 'disconnected' : 'offline';
  if (transport === 'connecting' || !model) return 'connecting';
  if (ageOf(feed, now) > STALE_AFTER && !feed.resting) return 'stale';
  const { kafka, stopped, phase } = model.status;
  if (!kafka.up) return 'kafka-down';
  if (stopped.length > 0) return 'stopped';
  if (phase !== 'ready') return 'not-ready';
  return model.paused.length > 0 ? 'held' : transport;
}

/** Whether the numbers must look old. */
export function isOld(condition: Condition): boolean {
  return condition === 'stale' || condition === 'disconnected' || condition === 'offline';
}

/** The words after the pill's own: what it is about, how old the numbers are, by which road they come. */
export function detailOf(condition: Condition, feed: FeedState, now: number, shown: Model | null) {
  const age = ageOf(feed, now);
  const stopped = feed.model?.status.stopped ?? [];
  const paused = feed.model?.paused ?? [];
  const all = feed.model?.lag.length ?? 0;
  switch (condition) {
    case 'connecting':
      return '…';
    case 'frozen':
      return newer(feed, shown);
    case 'live':
      return `stream, ${ago(age)}`;
    case 'polling':
      return ago(age);
    case 'stopped':
      return `${named(stopped)} of ${count(all)}, ${ago(age)}`;
    case 'held':
      return `${count(paused.length)} of ${plural(all, 'partition')}, ${ago(age)}`;
    case 'kafka-down':
    case 'not-ready':
      return `page is ${feed.transport}, ${ago(age)}`;
    default:
      return feed.model ? `last update ${duration(age)} ago` : 'no data yet';
  }
}

/** `partition 2`, `partitions 0, 2`. */
function named(partitions: readonly { readonly partition: number }[]): string {
  const numbers = partitions.map(({ partition }) => partition).sort((a, b) => a - b);
  return `partition${numbers.length === 1 ? '' : 's'} ${numbers.join(', ')}`;
}

function newer({ model }: FeedState, shown: Model | null): string {
  const now = model?.metrics?.totalCount;
  if (now === undefined) return '';
  const more = Math.max(0, now - (shown?.metrics?.totalCount ?? 0));
  return `${count(more)} newer order${more === 1 ? '' : 's'}`;
}

/** Why the numbers are polled, for the pill's tooltip; empty while the stream is in use. */
export function tooltipOf(feed: FeedState, now: number): string {
  if (feed.transport !== 'polling' || !feed.dropped) return '';
  const again =
    feed.probeAt === null ? '' : ` Trying it again in ${secondsTo(feed.probeAt, now)} s.`;
  return `The live stream is not in use: ${feed.dropped}.${again}`;
}

/** Whole seconds until then, at least 1 while it lies ahead. */
export function secondsTo(at: number, now: number): number {
  return Math.max(1, Math.ceil((at - now) / 1000));
}

/** Whether nothing came through the topic yet, and nothing else explains the empty page. */
export function isEmpty(model: Model): boolean {
  const { kafka, phase } = model.status;
  return kafka.up && phase === 'ready' && isUntouched(model);
}

/** What a screen reader is told of a condition; every word of it true of what is shown then. */
export function announcementOf(condition: Condition, feed: FeedState): string {
  const { model } = feed;
  const numbers = model?.metrics ? ' Numbers on screen are old.' : '';
  switch (condition) {
    case 'disconnected':
      return `No answer from the dashboard server.${numbers}`;
    case 'offline':
      return `This device is offline.${numbers}`;
    case 'stopped': {
      const stopped = model?.status.stopped ?? [];
      const words = named(stopped);
      return `P${words.slice(1)} ${stopped.length === 1 ? 'has' : 'have'} stopped.`;
    }
    case 'not-ready':
      return `The service is not ready: ${model?.status.reasons[0] ?? 'no reason given'}.`;
    case 'live':
      return model && isEmpty(model) ? 'Live updates on. No orders yet.' : 'Live updates on.';
    default:
      return FACES[condition].announcement;
  }
}

/** The tab's title: state mark, dead letters, name. */
export function titleOf(condition: Condition, model: Model | null): string {
  const letters = model?.metrics?.balance.deadLettered ?? 0;
  return `${FACES[condition].mark}${letters > 0 ? `(${count(letters)}) ` : ''}Order stream`;
}

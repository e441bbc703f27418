// The context line: one explanation of the present state, and what can be done about it. Pure.
import type { FeedState } from './feed-state.ts';
import { ago, duration, plural, timeOfDay } from './format.ts';
import { type Model, oldestCommit } from './store.ts';
import { type Condition, secondsTo } from './trust.ts';

/** What the context line says; every sentence is a fact the server or the feed reported. */
export interface Advice {
  readonly tone: 'none' | 'warn' | 'danger' | 'info';
  readonly icon: 'triangle' | 'cross' | 'note' | null;
  readonly headline: string;
  readonly text: string;
  readonly command: string | null;
  readonly action: 'Refresh' | 'Retry now' | null;
}

const PLAIN: Advice = {
  tone: 'none',
  icon: null,
  headline: '',
  text: '',
  command: null,
  action: null,
};

/** `now` is the feed's monotonic clock, `date` the wall clock, both in milliseconds. */
export function adviceOn(condition: Condition, feed: FeedState, now: number, date: number): Advice {
  const { model } = feed;
  switch (condition) {
    case 'disconnected':
      return {
        tone: 'danger',
        icon: 'cross',
        headline: 'No answer from the dashboard server.',
        text: `${model ? 'Numbers are from the last update. ' : ''}${tryingAgain(feed, now)}`,
        command: model?.status.hints.start || null,
        action: 'Retry now',
      };
    case 'offline':
      return {
        ...PLAIN,
        tone: 'danger',
        icon: 'cross',
        headline: 'This device is offline.',
        text: 'Updates resume when the network is back.',
      };
    case 'stale':
      return {
        ...PLAIN,
        tone: 'warn',
        icon: 'triangle',
        headline: 'These numbers are old.',
        text: 'The server answers, but sent nothing new for more than 5 seconds.',
        action: 'Refresh',
      };
    default:
      return model ? adviceOnSource(model, date) : connecting();
  }
}

function connecting(): Advice {
  return { ...PLAIN, text: 'Connecting to the dashboard server… Usually under a second.' };
}

function adviceOnSource(model: Model, date: number): Advice {
  const { kafka, phase, reasons, hints, startedAt } = model.status;
  if (!kafka.up) {
    const why = kafka.error ? ` (${kafka.error})` : '';
    return {
      tone: 'danger',
      icon: 'cross',
      headline: `Kafka is unreachable at ${kafka.brokers}${why}.`,
      text: `Since ${timeOfDay(kafka.since, false)}. Nothing is lost: it goes on where it stopped.`,
      command: hints.kafka || null,
      action: null,
    };
  }
  if (phase !== 'ready') {
    const headline = { starting: 'Starting.', stopping: 'Stopping.', 'not-ready': 'Not ready.' };
    const text = reasons.map((reason) => (/[.!?]$/.test(reason) ? reason : `${reason}.`)).join(' ');
    return { ...PLAIN, tone: 'warn', icon: 'triangle', headline: headline[phase], text };
  }
  if (kafka.embedded) {
    return {
      tone: 'info',
      icon: 'note',
      headline: 'Embedded broker, for development.',
      text: 'It runs inside this service. To use a Kafka of your own:',
      command: hints.kafka || null,
      action: null,
    };
  }
  const commit = oldestCommit(model);
  const committed = commit
    ? `committed ${ago(date - Date.parse(commit))}`
    : 'nothing committed yet';
  const partitions = plural(model.metrics?.asOf.length ?? 0, 'partition');
  const started = `started ${timeOfDay(startedAt, false)}`;
  const text = [`Kafka ${kafka.brokers}`, partitions, committed, started].join(' · ');
  return { ...PLAIN, text };
}

function tryingAgain({ pollAt }: FeedState, now: number): string {
  if (pollAt === null || pollAt <= now) return 'Trying again now.';
  return `Trying again in ${duration(1000 * secondsTo(pollAt, now))}.`;
}

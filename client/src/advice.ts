// The context line: one explanation of the present state, and what can be done about it. Pure.
import type { FeedState } from './feed-state.ts';
import { ago, count, duration, plural, timeOfDay } from './format.ts';
import { isCaughtUp, lagOf, type Model, oldestCommit } from './store.ts';
import { ageOf, type Condition, isSilent, secondsTo, serverTime } from './trust.ts';

/** What the context line says; every sentence is a fact the server or the feed reported. */
export interface Advice {
  readonly tone: 'none' | 'warn' | 'danger' | 'info';
  readonly icon: 'triangle' | 'cross' | 'note' | 'bars' | null;
  readonly headline: string;
  readonly text: string;
  /** Everything there is to say, one sentence each, for who opens the line. */
  readonly all: readonly string[];
  readonly command: string | null;
  readonly action: 'Refresh' | 'Retry now' | 'Resume' | null;
}

const PLAIN: Advice = {
  tone: 'none',
  icon: null,
  headline: '',
  text: '',
  all: [],
  command: null,
  action: null,
};
const WARN = { ...PLAIN, tone: 'warn', icon: 'triangle' } as const;
const DANGER = { ...PLAIN, tone: 'danger', icon: 'cross' } as const;

/** `now` is the feed's monotonic clock in milliseconds. */
export function adviceOn(condition: Condition, feed: FeedState, now: number): Advice {
  const { model } = feed;
  switch (condition) {
    case 'disconnected':
      return { ...noAnswer(model), tone: 'danger', icon: 'cross', text: tryingAgain(feed, now) };
    case 'offline':
      return {
        ...DANGER,
        headline: 'This device is offline.',
        text: 'Updates resume when the network is back.',
      };
    case 'stale': {
      const since = `the last update came ${duration(ageOf(feed, now))} ago`;
      if (isSilent(feed, now)) return { ...noAnswer(model), text: `Numbers are old: ${since}.` };
      return {
        ...WARN,
        headline: 'These numbers are old.',
        text: `The server answers, but with nothing new: ${since}.`,
        action: 'Refresh',
      };
    }
    default:
      return model ? adviceOnService(condition, model, serverTime(feed, now)) : connecting();
  }
}

function noAnswer(model: Model | null): Advice {
  return {
    ...WARN,
    headline: 'No answer from the dashboard server.',
    command: model?.status.hints.start || null,
    action: 'Retry now',
  };
}

function connecting(): Advice {
  return { ...PLAIN, text: 'Connecting to the dashboard server… Usually under a second.' };
}

/** `time` is the clock of the server, ms since 1970. */
function adviceOnService(condition: Condition, model: Model, time: number): Advice {
  const { kafka, phase, reasons, stopped, topic, hints } = model.status;
  switch (condition) {
    case 'kafka-down':
      return {
        ...DANGER,
        headline: `Kafka is unreachable at ${kafka.brokers}${kafka.error ? ` (${kafka.error})` : ''}.`,
        text: `Since ${timeOfDay(kafka.since, false)}. The consumer goes on where it stopped.`,
        command: (!kafka.embedded && hints.kafka) || null,
      };
    case 'stopped': {
      const [{ partition, reason } = { partition: 0, reason: '' }] = stopped;
      const name = `${topic}[${partition}]`;
      const others = model.lag.length > stopped.length ? ' The other partitions go on.' : '';
      // Most reasons begin with the name already.
      const words = reason.startsWith(name) ? reason.slice(name.length + 1) : reason;
      return {
        ...DANGER,
        headline: sentence(`${name} has stopped: ${words}`),
        text: `Its numbers stay as of ${committedAt(model, partition)}.${others}`,
        all: reasons.map(sentence),
      };
    }
    case 'held':
      return onHold(model);
    case 'not-ready': {
      const [first = '', ...more] = reasons.map(sentence);
      const headline = phase === 'not-ready' ? first : `${capital(phase)}: ${first}`;
      return { ...WARN, headline, text: more.join(' '), all: reasons.map(sentence) };
    }
    default:
      return running(model, time);
  }
}

function onHold({ paused, lag }: Model): Advice {
  const [first] = paused;
  const where = paused.length < lag.length ? `of ${plural(paused.length, 'partition')} ` : '';
  const since = timeOfDay(first?.at ?? '', false);
  return {
    ...WARN,
    icon: 'bars',
    headline: `Consumption ${where}is paused since ${since} by ${first?.by}: ${first?.why || 'no reason given'}.`,
    text: 'Orders wait in Kafka.',
    all: paused.map(
      ({ partition, by, why, at }) =>
        `Partition ${partition}: since ${timeOfDay(at, false)}, by ${by}: ${why || 'no reason given'}.`,
    ),
    action: 'Resume',
  };
}

/** Nothing is wrong: what is worth knowing, else where the numbers come from. */
function running(model: Model, time: number): Advice {
  const { kafka, notes, hints } = model.status;
  const facts = factsOf(model, time);
  const [note] = notes;
  if (note !== undefined) {
    const all = [...notes.map(sentence), facts];
    return { ...PLAIN, tone: 'info', icon: 'note', headline: sentence(note), text: facts, all };
  }
  if (!kafka.embedded) return { ...PLAIN, text: facts };
  const kept =
    kafka.storage === 'memory'
      ? 'Orders are kept in memory, and gone when it stops.'
      : 'Orders are kept in a folder of this machine.';
  return {
    ...PLAIN,
    tone: 'info',
    icon: 'note',
    headline: 'Embedded broker, for development.',
    text: `${kept} ${hints.kafka ? 'With a Kafka of your own:' : ''}`,
    all: [`${kept} ${facts}.`],
    command: hints.kafka || null,
  };
}

function factsOf(model: Model, time: number): string {
  const { kafka, startedAt } = model.status;
  const commit = oldestCommit(model);
  const committed = isCaughtUp(model)
    ? 'everything is committed'
    : commit
      ? `oldest commit ${ago(time - Date.parse(commit))}`
      : lagOf(model) === 0
        ? 'all read'
        : 'nothing committed yet';
  const started = `started ${timeOfDay(startedAt, false)}`;
  const partitions = plural(model.lag.length, 'partition');
  return [`Kafka ${kafka.brokers}`, partitions, committed, started].join(' · ');
}

function committedAt({ metrics }: Model, partition: number): string {
  const head = metrics?.asOf.find((each) => each.partition === partition);
  return head?.writtenAt ? timeOfDay(head.writtenAt, false) : `their last commit (${count(null)})`;
}

function tryingAgain({ pollAt, model }: FeedState, now: number): string {
  const old = model?.metrics ? 'Numbers are from the last update. ' : '';
  if (pollAt === null || pollAt <= now) return `${old}Trying again now.`;
  return `${old}Trying again in ${duration(1000 * secondsTo(pollAt, now))}.`;
}

/** With a full stop, and with times as the clock on the wall shows them. */
function sentence(words: string): string {
  const local = words.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => timeOfDay(time, false));
  return /[.!?]$/.test(local) ? local : `${local}.`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

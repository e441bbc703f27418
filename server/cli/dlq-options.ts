// The command line of `npm run dlq`: one command with its options, every fault reported at once.
import { ConfigError } from '../errors.ts';
import { type Options, readArguments } from './arguments.ts';

export const COMMANDS = [
  'list',
  'groups',
  'show',
  'redrive',
  'cancel',
  'pause',
  'resume',
  'history',
] as const;
export type DlqCommand = (typeof COMMANDS)[number];

export type DlqOptions = {
  readonly command: DlqCommand;
  /** The letter, the redrive or the letters that stand after the command. */
  readonly names: readonly string[];
  readonly texts: ReadonlyMap<string, string>;
};

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const everywhere: Options = { url: text, json: flag };
const filter: Options = { code: text, group: text, from: text, to: text };

type Form = {
  readonly options: Options;
  readonly names: [least: number, most: number];
  help: string;
};

/** What surely fits into one request. */
const MAX_NAMED = 200;

const WHERE = `  --url URL       the service, by default http://localhost:4000 (or PORT and HOST of the environment)
  --json          the answer as it is, for scripts
  --help`;
const FILTER = `  --code CODE     such as PERMANENT
  --group GROUP   as "groups" names it
  --from TIME     written then or later: ISO 8601 or milliseconds since 1970
  --to TIME       written before`;

const forms: Record<DlqCommand, Form> = {
  list: {
    options: { ...filter, state: text, limit: text },
    names: [0, 0],
    help: `npm run dlq -- list [options]                   dead letters, newest first

${FILTER}
  --state STATE   open, redriven, failed-again or parked
  --limit N       1 to 1000, by default 20`,
  },
  groups: {
    options: { limit: text },
    names: [0, 0],
    help: `npm run dlq -- groups [options]                 how many dead letters of each kind there are

  --limit N       1 to 1000, by default 100`,
  },
  show: {
    options: {},
    names: [1, 1],
    help: 'npm run dlq -- show ID [options]                one dead letter in full, such as 0-17',
  },
  redrive: {
    options: {
      ...filter,
      q: text,
      all: flag,
      rate: text,
      'delay-ms': text,
      'max-redrives': text,
      canary: text,
      'max-failed': text,
      value: text,
      why: text,
      yes: flag,
      'no-wait': flag,
      timeout: text,
    },
    names: [0, Number.POSITIVE_INFINITY],
    help: `npm run dlq -- redrive [ID ...] [options]       send dead letters back, by name or by filter

Without --yes it only says what it would send. With it, it waits for the outcome and shows progress.

${FILTER}
  --q TEXT        contained in value or reason
  --all           every dead letter
  --rate N        letters a second, by default 50; "none": no limit
  --delay-ms N    begin later, time to cancel
  --max-redrives N   leave out what was redriven so often, by default 3
  --canary N      send N first, and go on when at most --max-failed (0 to 1, by default 0) failed again
  --value JSON    another value for one letter, in the terms of the schema
  --why TEXT      for the history
  --yes           do it
  --no-wait       do not wait for the outcome
  --timeout N     wait N seconds at most, by default until it has ended

Ctrl-C ends the waiting, not the redrive: "cancel" does.`,
  },
  cancel: {
    options: { why: text },
    names: [1, 1],
    help: `npm run dlq -- cancel REDRIVE [options]         send no more of it

  --why TEXT      for the history`,
  },
  pause: {
    options: { partitions: text, why: text },
    names: [0, 0],
    help: `npm run dlq -- pause --why TEXT [options]       take no new orders; retries go on

  --partitions LIST   such as 0,2; by default all
  --why TEXT          needed`,
  },
  resume: {
    options: { partitions: text, why: text },
    names: [0, 0],
    help: `npm run dlq -- resume --why TEXT [options]      take orders again

  --partitions LIST   such as 0,2; by default all
  --why TEXT          needed`,
  },
  history: {
    options: { limit: text },
    names: [0, 1],
    help: `npm run dlq -- history [REDRIVE] [options]      redrives and what became of them

  --limit N       1 to 1000, by default 50`,
  },
};

export const usage = `Dead letters of a running service.

${COMMANDS.map((command) => `  ${forms[command].help.split('\n')[0]}`).join('\n')}

Each has a --help of its own. Where the service needs its token to be commanded, put it into the
environment as ADMIN_TOKEN. Ends with 0 when it did what was asked; 1: the service cannot be reached or
failed; 2: the arguments are wrong; 3: there is no such thing, or nothing is selected; 4: not allowed;
5: the redrive has ended, and not all were processed; 6: it goes on, --timeout is over; 130: it goes on,
Ctrl-C.
`;

/** The command, or the help that was asked for; throws a ConfigError with every fault. */
export function parseDlqOptions(args: readonly string[]): DlqOptions | { readonly help: string } {
  const [name = '--help', ...rest] = args;
  if (name === '--help' || name === '-h') return { help: usage };
  const command = COMMANDS.find((each) => each === name);
  if (command === undefined) {
    throw new ConfigError([`"${name}" is no command: they are ${COMMANDS.join(', ')}`]);
  }
  const { options, names, help } = forms[command];
  const given = rest.filter((each) => !each.startsWith('-'));
  const isName = (each: string, i: number) =>
    !takesValue(options, rest[i - 1]) && given.includes(each);
  const named = rest.filter((each, i) => isName(each, i));
  const others = rest.filter((each, i) => !isName(each, i));
  const { texts, faults } = readArguments(others, { ...options, ...everywhere });
  if (texts.has('help')) return { help: `${help}\n${WHERE}\n` };
  const [least, most] = names;
  const all = [...faults, ...contradictions(command, named, texts)];
  if (named.length < least) all.push(`${command} needs an id`);
  if (named.length > most) all.push(`${command} takes no "${named[most]}"`);
  if (all.length > 0) throw new ConfigError(all);
  return { command, names: named, texts };
}

/** Whether what follows an argument belongs to it. */
function takesValue(options: Options, before: string | undefined): boolean {
  if (before === undefined || !before.startsWith('--') || before.includes('=')) return false;
  const known: Options = { ...options, ...everywhere };
  return Object.hasOwn(known, before.slice(2)) && known[before.slice(2)]?.type === 'string';
}

function contradictions(
  command: DlqCommand,
  names: readonly string[],
  texts: ReadonlyMap<string, string>,
): string[] {
  if ((command === 'pause' || command === 'resume') && !texts.has('why'))
    return ['--why is missing'];
  if (command !== 'redrive') return [];
  const faults: string[] = [];
  const filters = ['code', 'group', 'from', 'to', 'q'].filter((each) => texts.has(each));
  const ways = [names.length > 0, filters.length > 0, texts.has('all')].filter(Boolean).length;
  const noLetter = names.find((name) => !/^\d{1,4}-\d{1,16}$/.test(name));
  if (noLetter !== undefined)
    faults.push(`"${noLetter}" is no dead letter: they are named as 0-17 is`);
  if (names.length > MAX_NAMED) faults.push(`at most ${MAX_NAMED} ids: a filter takes more`);
  if (ways === 0) faults.push('say what to redrive: ids, a filter, or --all');
  if (ways > 1) faults.push('ids, a filter and --all exclude each other');
  if (texts.has('value') && names.length !== 1) faults.push('--value goes with one id');
  if (texts.has('max-failed') && !texts.has('canary'))
    faults.push('--max-failed goes with --canary');
  if (texts.has('timeout') && !texts.has('yes')) faults.push('--timeout goes with --yes');
  if (texts.has('timeout') && texts.has('no-wait'))
    faults.push('--timeout and --no-wait exclude each other');
  for (const name of ['delay-ms', 'max-redrives', 'canary', 'timeout']) {
    const value = texts.get(name);
    if (value !== undefined && !/^\d{1,9}$/.test(value))
      faults.push(`--${name} is no whole number`);
  }
  const rate = texts.get('rate') ?? '1';
  if (rate !== 'none' && !/^\d{1,9}$/.test(rate))
    faults.push('--rate is no whole number, nor none');
  const share = texts.get('max-failed') ?? '0';
  if (!/^(0|1|0?\.\d+)$/.test(share)) faults.push('--max-failed is no number from 0 to 1');
  const value = texts.get('value');
  if (value !== undefined && !isJson(value)) faults.push('--value is no JSON');
  return faults;
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

// `npm run dlq`: dead letters of a running service, over HTTP.
import { userInfo } from 'node:os';
import { addressToAsk, urlOf } from '../config/address.ts';
import { ConfigError, describe } from '../errors.ts';
import type {
  PauseAnswer,
  RedriveAnswer,
  RedriveShown,
  Redrives,
} from '../http/contract-commands.ts';
import type { LetterDetail, LetterGroups, LetterItem } from '../http/contract-letters.ts';
import { type Answer, createDlqClient, DlqError, EXIT } from './dlq-client.ts';
import { type DlqCommand, type DlqOptions, parseDlqOptions } from './dlq-options.ts';
import { awaitOutcome } from './dlq-outcome.ts';
import { pauseBody, redriveBody } from './dlq-requests.ts';
import {
  groupsWords,
  historyWords,
  letterWords,
  listWords,
  outcomeWords,
  pausedWords,
  previewWords,
} from './dlq-words.ts';
import { atCtrlC } from './foreground.ts';

try {
  const options = parseDlqOptions(process.argv.slice(2));
  if ('help' in options) console.log(options.help);
  else process.exitCode = await run(options);
} catch (error) {
  console.error(describe(error));
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT.usage;
  return error instanceof DlqError ? error.exitCode : EXIT.failed;
}

/** In a container the user may have no name. */
function userName(): string {
  try {
    return userInfo()
      .username.replaceAll(/[^\x20-\x7e]/g, '?')
      .slice(0, 64);
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}

/** Does what is asked; the result is the exit code. */
async function run({ command, names, texts }: DlqOptions): Promise<number> {
  const { PORT = '4000', HOST = '127.0.0.1', ADMIN_TOKEN = '' } = process.env;
  const url = texts.get('url') ?? urlOf(addressToAsk(HOST), Number(PORT));
  if (!URL.canParse(url)) throw new ConfigError([`--url: "${url}" is no URL`]);
  const client = createDlqClient({ url, token: ADMIN_TOKEN.trim() || null, by: userName() });
  const json = texts.has('json');
  const show = <T>(answer: Answer, words: (body: T) => string): number => {
    console.log(json ? JSON.stringify(answer.body, null, 2) : words(answer.body as T));
    return EXIT.done;
  };
  const query = (...allowed: string[]) => {
    const given = allowed.filter((name) => texts.has(name)).map((name) => [name, texts.get(name)!]);
    return given.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(given))}`;
  };
  const name = encodeURIComponent(names[0] ?? '');

  async function redrive(): Promise<number> {
    const dryRun = !texts.has('yes');
    const { method, path, body } = redriveBody(names, texts, dryRun);
    const answer = await client.ask(method, path, body);
    const { id, selected } = answer.body as RedriveAnswer;
    if (id === null || texts.has('no-wait')) {
      show<RedriveAnswer>(answer, (preview) => `${previewWords(preview)}${next(preview)}`);
      return selected > 0 ? EXIT.done : EXIT.nothing;
    }
    if (!json) console.log(`${previewWords(answer.body as RedriveAnswer)}; redrive ${id}`);
    return outcome(id);
  }

  /** Shows how it goes until it has ended. */
  async function outcome(id: string): Promise<number> {
    const isTerminal = process.stderr.isTTY && !json;
    const progress = (words: string) => isTerminal && process.stderr.write(`\r\u001b[K${words}`);
    const interrupted = new AbortController();
    atCtrlC(() => interrupted.abort());
    const { end, last } = await awaitOutcome({
      look: (signal) => client.ask('GET', `/redrives/${id}`, undefined, signal),
      onLook: (report) => progress(outcomeWords(report)),
      timeoutMs: texts.has('timeout') ? Number(texts.get('timeout')) * 1000 : null,
      interrupted: interrupted.signal,
    });
    progress('');
    if (last !== null) show<RedriveShown>(last, outcomeWords);
    if (end === 'ended') {
      const { state, failedAgain } = last!.body as RedriveShown;
      return state === 'done' && failedAgain === 0 ? EXIT.done : EXIT.notAll;
    }
    console.error(`it goes on: "history ${id}" says what becomes of it, "cancel ${id}" ends it`);
    return end === 'timeout' ? EXIT.goesOn : EXIT.interrupted;
  }

  const commands: Record<DlqCommand, () => Promise<number>> = {
    async list() {
      const filter = query('code', 'group', 'from', 'to', 'state', 'limit');
      const answer = await client.ask('GET', `/dlq${filter}`);
      const reach = answer.headers.get('dead-letters');
      return show<LetterItem[]>(answer, (items) => listWords(items, reach));
    },
    async groups() {
      return show<LetterGroups>(
        await client.ask('GET', `/dlq/groups${query('limit')}`),
        groupsWords,
      );
    },
    async show() {
      return show<LetterDetail>(await client.ask('GET', `/dlq/${name}`), letterWords);
    },
    redrive,
    async cancel() {
      const answer = await client.ask('DELETE', `/redrives/${name}${query('why')}`);
      return show<RedriveShown>(answer, outcomeWords);
    },
    async pause() {
      const answer = await client.ask('POST', '/pause', pauseBody(texts));
      return show<PauseAnswer>(answer, ({ changed, paused }) => pausedWords(changed, paused));
    },
    async resume() {
      const answer = await client.ask('POST', '/resume', pauseBody(texts));
      return show<PauseAnswer>(answer, ({ changed, paused }) => pausedWords(changed, paused));
    },
    async history() {
      if (names.length > 0) {
        const answer = await client.ask('GET', `/redrives/${name}`);
        return show<RedriveShown>(answer, (report) => historyWords([report]));
      }
      const answer = await client.ask('GET', `/redrives${query('limit')}`);
      return show<Redrives>(answer, ({ redrives }) => historyWords(redrives));
    },
  };
  return commands[command]();
}

function next({ id, selected }: RedriveAnswer): string {
  if (id !== null) return `; redrive ${id}: "history ${id}" says what became of them`;
  return selected > 0
    ? '. Nothing was sent. With --yes it is done.'
    : '. There is nothing to send.';
}

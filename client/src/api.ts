// What the page asks of the server beside the numbers, and what it tells it to do.
import type { Schemas } from '../../server/http/contract.ts';
import type {
  EditAnswer,
  RedriveAnswer,
  RedriveShown,
} from '../../server/http/contract-commands.ts';
import type { LetterDetail, LetterGroups, LetterItem } from '../../server/http/contract-letters.ts';
import type { OrderLives } from '../../server/http/contract-lives.ts';

const ANSWER_WITHIN = 15_000;
/** How the command topic names who asked. */
const BY = 'dashboard';
/** Time to think again, kept by the server: closing the tab takes nothing back. */
export const UNDO_MS = 5000;

/** Letters by name, or all that the filter takes. */
export type Selection =
  | { readonly ids: readonly string[] }
  | { readonly filter: { readonly group?: string; readonly code?: string } };

/** How a redrive is carried out. */
export interface How {
  readonly why: string;
  readonly rate: number | null;
  readonly canary: { readonly count: number; readonly maxFailed: number } | null;
}

/** The token that commands take where they take one; it lives as long as the tab. */
export const token = {
  read: () => sessionStorage.getItem('token') ?? '',
  write: (value: string) => sessionStorage.setItem('token', value),
};

/** One page of dead letters, newest first, and the cursor of the next; `matching` is how many there are in all. */
export interface LetterPage {
  readonly items: readonly LetterItem[];
  readonly next: string | null;
  readonly matching: number;
  /** How many are too old to be found by page or group. */
  readonly older: number;
}

export type LetterQuery = { readonly group: string | null; readonly state: string | null };

export async function fetchLetters(query: LetterQuery, before: string | null): Promise<LetterPage> {
  const response = await ask(`/dlq?${letterSearch(query, { limit: '50', before })}`);
  const link = /[?&]before=([^&>]+)[^>]*>; rel="next"/.exec(response.headers.get('link') ?? '');
  const held = response.headers.get('dead-letters') ?? '';
  const numbers = Object.fromEntries(held.split(', ').map((each) => each.split('=')));
  return {
    items: (await response.json()) as LetterItem[],
    next: link ? decodeURIComponent(link[1] ?? '') : null,
    matching: Number(numbers.matching),
    older: Number(numbers.older),
  };
}

/** The parameters that `/dlq` and `/dlq/export` take alike. */
export function letterSearch(
  { group, state }: LetterQuery,
  more: Record<string, string | null>,
): string {
  const all = Object.entries({ group, state, ...more }).filter(([, value]) => value !== null);
  return new URLSearchParams(all as [string, string][]).toString();
}

export const fetchSchemas = () => json<Schemas>('/schema');
export const fetchGroups = () => json<LetterGroups>('/dlq/groups');
/** Every life of an order. */
export const fetchLives = (id: string) =>
  json<OrderLives>(`/api/orders?id=${encodeURIComponent(id)}`);
export const fetchLetter = (id: string) => json<LetterDetail>(`/dlq/${id}`);

/** What a redrive would come to (`dryRun`), or the redrive itself, which begins after five seconds. */
export function redrive(selection: Selection, how: How, dryRun: boolean): Promise<RedriveAnswer> {
  return command('POST', '/redrives', { selection, ...how, delayMs: UNDO_MS, dryRun });
}

/** The same of one letter with another value, in the terms of the schema. */
export function redriveEdited(
  id: string,
  value: unknown,
  why: string,
  dryRun: boolean,
): Promise<EditAnswer> {
  const body = { value: { json: value }, why, delayMs: UNDO_MS, dryRun };
  return command('PUT', `/dlq/${id}/redrive`, body);
}

export const cancelRedrive = (id: string): Promise<RedriveShown> =>
  command('DELETE', `/redrives/${encodeURIComponent(id)}?why=from%20the%20page`);

export const setPaused = (paused: boolean, why: string): Promise<unknown> =>
  command('POST', paused ? '/pause' : '/resume', { why });

export type Lesson = 'samples' | 'bad' | 'fail' | 'stop';

/** Something to learn from; the embedded broker's server does it. */
export const teach = (lesson: Lesson): Promise<unknown> => command('POST', '/teach', { lesson });

async function command<T>(method: string, path: string, body?: unknown): Promise<T> {
  const bearer = token.read();
  return (
    await ask(path, {
      method,
      headers: {
        'x-requested-by': BY,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === '' ? {} : { authorization: `Bearer ${bearer}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  ).json() as Promise<T>;
}

const json = async <T>(path: string) => (await ask(path)).json() as Promise<T>;

/** Throws an Error in the words of the server. */
async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const signal = AbortSignal.timeout(ANSWER_WITHIN);
  const response = await fetch(path, { cache: 'no-store', signal, ...init });
  if (response.ok) return response;
  const { message } = (await response.json().catch(() => ({}))) as { message?: string };
  throw new Error(message ?? `the server answered ${response.status}`);
}

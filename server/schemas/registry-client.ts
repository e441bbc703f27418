// Asks a schema registry over its HTTP API (Confluent's, which others speak too).
import { AppError, describe } from '../errors.ts';
import type { SchemaText } from './reader-schema.ts';

/** The registry did not answer, or not as a registry does: what it would have said is not known. */
export class RegistryError extends AppError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('REGISTRY', message, true, options);
  }
}

/** What the registry says of an id: the schema and its type (AVRO, …), or in words that there is none. */
export type RegistryAnswer =
  | { readonly kind: 'schema'; readonly type: string; readonly schema: SchemaText }
  | { readonly kind: 'absent'; readonly found: string };

export type RegistryClient = {
  /** Without a slash at the end. */
  readonly url: string;
  /** Rejects with RegistryError, after 10 s at the latest. */
  schemaById(id: number, signal: AbortSignal): Promise<RegistryAnswer>;
  /** The id of a schema under a subject; null when it is not there. Rejects with RegistryError. */
  find(subject: string, schema: string): Promise<number | null>;
  /** Puts a schema under a subject, if it is not there already; its id. Rejects with RegistryError. */
  register(subject: string, schema: string): Promise<number>;
};

export type RegistrySettings = {
  readonly url: string;
  /** Of the header Authorization; null for none. */
  readonly authorization: string | null;
};

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 2 ** 20;
const MAX_REFERENCES = 100;
/** Ids are positive integers of Java; a registry may answer anything to others. */
const MAX_ID = 2 ** 31 - 1;
/** "Schema not found"; any other 404 is that of a wrong URL or a proxy, and says nothing of a schema. */
const SCHEMA_NOT_FOUND = 40_403;
const SUBJECT_NOT_FOUND = 40_401;
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

/** A client of the registry at `url`. */
export function createRegistryClient(settings: RegistrySettings): RegistryClient {
  const url = settings.url.replace(/\/+$/, '');
  const { authorization } = settings;

  async function ask(path: string, signal: AbortSignal, body?: object): Promise<Answer> {
    try {
      const response = await fetch(url + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          accept: `${MEDIA_TYPE}, application/json`,
          ...(authorization === null ? {} : { authorization }),
          ...(body === undefined ? {} : { 'content-type': MEDIA_TYPE }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // To whom a redirect leads, the credentials were not given.
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      return { status: response.status, body: asObject(await readText(response)) };
    } catch (cause) {
      throw new RegistryError(`${url} does not answer: ${reasonOf(cause)}`, { cause });
    }
  }

  /** The schemas that `answer` refers to by name, each after those that it refers to itself. */
  async function readReferences(
    answer: Answer,
    signal: AbortSignal,
    found: Map<string, string>,
  ): Promise<void> {
    for (const { subject, version } of referencesOf(answer)) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`;
      if (found.has(path)) continue;
      if (found.size === MAX_REFERENCES) throw unexpected(path, answer);
      // Its place first, so that a circle comes to an end; Avro refuses it later.
      found.set(path, '');
      const next = await ask(path, signal);
      const text = next.body.schema;
      if (next.status !== 200 || typeof text !== 'string') throw unexpected(path, next);
      await readReferences(next, signal, found);
      found.delete(path);
      found.set(path, text);
    }
  }

  function unexpected(path: string, { status, body }: Answer): RegistryError {
    const said = typeof body.message === 'string' ? ` (${body.message.slice(0, 200)})` : '';
    return new RegistryError(`${url}${path} answers with status ${status}${said}`);
  }

  function idIn(path: string, answer: Answer): number {
    const { id } = answer.body;
    if (answer.status !== 200 || !Number.isInteger(id)) throw unexpected(path, answer);
    return Number(id);
  }

  return {
    url,
    async schemaById(id, signal) {
      if (id > MAX_ID) return { kind: 'absent', found: `ids go up to ${MAX_ID}` };
      const path = `/schemas/ids/${id}`;
      const answer = await ask(path, signal);
      const { status, body } = answer;
      if (status === 404 && body.error_code === SCHEMA_NOT_FOUND) {
        return { kind: 'absent', found: `${url} does not know it` };
      }
      const { schema: text, schemaType: type = 'AVRO' } = body;
      if (status !== 200 || typeof text !== 'string' || typeof type !== 'string') {
        throw unexpected(path, answer);
      }
      const references = new Map<string, string>();
      if (type === 'AVRO') await readReferences(answer, signal, references);
      return { kind: 'schema', type, schema: { text, references: [...references.values()] } };
    },
    async find(subject, schema) {
      const path = `/subjects/${encodeURIComponent(subject)}`;
      const answer = await ask(path, new AbortController().signal, { schema });
      const { error_code: code } = answer.body;
      const isAbsent = code === SCHEMA_NOT_FOUND || code === SUBJECT_NOT_FOUND;
      return answer.status === 404 && isAbsent ? null : idIn(path, answer);
    },
    async register(subject, schema) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions`;
      return idIn(path, await ask(path, new AbortController().signal, { schema }));
    },
  };
}

/** The header Authorization for a token, or for a user and a password (RFC 6750, RFC 7617). */
export function authorizationOf(credentials: {
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
}): string | null {
  const { user, password, token } = credentials;
  if (token !== null) return `Bearer ${token}`;
  if (user === null) return null;
  return `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`;
}

type Reference = { readonly subject: string; readonly version: number };

function referencesOf({ body: { references } }: Answer): Reference[] {
  if (!Array.isArray(references)) return [];
  return references.map(({ subject, version }) => {
    if (typeof subject === 'string' && Number.isInteger(version)) return { subject, version };
    throw new RegistryError('a schema refers to another without a subject and a version');
  });
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES)
      throw new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Whatever is no JSON object is an empty one: the page of a proxy says nothing. */
function asObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** `fetch` hides what has happened below "fetch failed". */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  if (cause instanceof AggregateError) return reasonOf({ cause: cause.errors[0] });
  return describe(cause instanceof Error ? cause : error);
}

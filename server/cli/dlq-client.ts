// Asks a running service over HTTP, and says what its answers mean for a script.
import { AppError } from '../errors.ts';

/** Why the command ends as it does; see the usage. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  nothing: 3,
  refused: 4,
  notAll: 5,
  goesOn: 6,
  /** As shells have it: 128 and the number of SIGINT. */
  interrupted: 130,
} as const;

/** The service refused, or cannot be reached. */
export class DlqError extends AppError {
  readonly exitCode: number;
  constructor(exitCode: number, message: string, options?: { cause?: unknown }) {
    super('DLQ', message, false, options);
    this.exitCode = exitCode;
  }
}

export type Answer = { readonly body: unknown; readonly headers: Headers };

export type DlqClient = {
  /** `signal` ends the wait for an answer. */
  ask(method: string, path: string, body?: object, signal?: AbortSignal): Promise<Answer>;
};

const MAX_WAIT_MS = 60_000;

/** A client of the service at `url`; `token` where it needs one, `by` is who asks. */
export function createDlqClient({
  url,
  token,
  by,
}: {
  url: string;
  token: string | null;
  by: string;
}): DlqClient {
  return {
    async ask(method, path, body, signal) {
      const tooLong = AbortSignal.timeout(MAX_WAIT_MS);
      const answer = await fetch(new URL(path, url), {
        method,
        headers: {
          'x-requested-by': by,
          ...(token === null || method === 'GET' ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal === undefined ? tooLong : AbortSignal.any([signal, tooLong]),
      }).catch((cause: unknown) => {
        throw new DlqError(EXIT.failed, `${url} does not answer: is the service running?`, {
          cause,
        });
      });
      const text = await answer.text();
      if (answer.ok) return { body: JSON.parse(text), headers: answer.headers };
      throw new DlqError(exitCodeOf(answer.status), wordsIn(text, answer.status));
    },
  };
}

function exitCodeOf(status: number): number {
  if (status === 404 || status === 409 || status === 422) return EXIT.nothing;
  if (status === 400 || status === 413) return EXIT.usage;
  return status === 401 || status === 403 || status === 421 ? EXIT.refused : EXIT.failed;
}

function wordsIn(text: string, status: number): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Whatever answers there is not this service.
  }
  return `another program answers there (${status})`;
}

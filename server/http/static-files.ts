// The dashboard: prebuilt files from one folder.
import { existsSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyError, FastifyInstance } from 'fastify';
import { AppError } from '../errors.ts';
import { HttpError, pathOf } from './http-error.ts';

/** The paths of all files below `root`, as URLs name them; `/` too when there is a page. */
export function filesBelow(root: string | undefined): ReadonlySet<string> {
  if (root === undefined || !existsSync(join(root, 'index.html'))) return new Set();
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return new Set(['/', ...names.map((name) => `/${name.split(sep).join('/')}`)]);
}

/** Serves the files below `root`; without them, `/` says how to build them. */
export async function staticFiles(app: FastifyInstance, { root }: { root: string | undefined }) {
  if (root === undefined || !existsSync(join(root, 'index.html'))) {
    app.get('/', async () => {
      const words = 'the dashboard is not built: run `npm run build` and start again';
      throw new HttpError(404, 'NOT_BUILT', words);
    });
    return;
  }
  refuseSymlinks(root);
  const hashed = join(root, 'assets') + sep;

  app.addHook('onRequest', async ({ url, raw }) => {
    // A zero byte ends a file name in C, so such a URL may be checked as one file and opened as another.
    if (url.includes('%00')) throw new HttpError(403, 'FORBIDDEN', 'Forbidden');
    if (raw.method !== 'GET' || !isRange(raw.headers.range ?? '')) delete raw.headers.range;
  });
  app.addHook('onSend', async (_request, reply) => {
    if (reply.statusCode < 400) reply.header('vary', 'Origin, Accept-Encoding');
  });
  const answerError = app.errorHandler;
  app.setErrorHandler(
    (error: FastifyError & { headers?: Record<string, string> }, request, reply) => {
      if (error.statusCode !== 416) return answerError(error, request, reply);
      // The last n bytes of a shorter file are all of it (RFC 9110, 14.1.2).
      if (/^bytes=-0*[1-9]/.test(request.raw.headers.range ?? '')) {
        delete request.raw.headers.range;
        return reply.code(200).sendFile(decodeURIComponent(pathOf(request.url)));
      }
      reply.headers(error.headers ?? {});
      return answerError(error, request, reply);
    },
  );
  await app.register(fastifyStatic, {
    root,
    dotfiles: 'deny',
    cacheControl: false,
    preCompressed: true,
    // By the file that is sent, not by the URL: /assets/../index.html is no asset.
    setHeaders(response, path) {
      // The build puts a hash of the content into every name below assets/, and only there.
      const forEver = path.startsWith(hashed);
      response.setHeader(
        'cache-control',
        forEver ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });
}

/** Whether it is a list of byte ranges; what is none is to be ignored (RFC 9110, 14.2). */
function isRange(text: string): boolean {
  const ranges = /^bytes=(.+)$/i.exec(text)?.[1]?.split(',') ?? [];
  return (
    ranges.length > 0 &&
    ranges.every((range) => {
      const [, first, last] = /^\s*(\d*)-(\d*)\s*$/.exec(range) ?? [];
      if (first === undefined || last === undefined || first + last === '') return false;
      return first === '' || last === '' || Number(first) <= Number(last);
    })
  );
}

/** The file server follows links wherever they lead, also out of its folder. */
function refuseSymlinks(root: string): void {
  for (const entry of readdirSync(root, { withFileTypes: true, recursive: true })) {
    if (!entry.isSymbolicLink()) continue;
    throw new AppError(
      'STATIC_SYMLINK',
      `the folder of the dashboard holds a link: ${entry.name}`,
      false,
    );
  }
}

// The dashboard: prebuilt files from one folder.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors.ts';
import { HttpError } from './http-error.ts';

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

  // A name that ends early for whoever is behind in C: an attempt on a file, not a mistake.
  app.addHook('onRequest', async ({ url }) => {
    if (url.includes('%00')) throw new HttpError(403, 'FORBIDDEN', 'Forbidden');
  });
  app.addHook('onSend', async (request, reply) => {
    if (reply.statusCode >= 400) return;
    // The build puts a hash of the content into every name below assets/, and only there.
    const hashed = request.url.startsWith('/assets/');
    reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    reply.header('vary', 'Origin, Accept-Encoding');
  });
  await app.register(fastifyStatic, {
    root,
    dotfiles: 'deny',
    cacheControl: false,
    preCompressed: true,
  });
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

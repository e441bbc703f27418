// The HTTP server, built and not listening.
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { ConfigError } from '../errors.ts';
import { type Clock, systemClock } from './clock.ts';
import { createEventStream, type StreamLimits } from './event-stream.ts';
import { createFeed } from './feed.ts';
import { createGuard } from './guard.ts';
import {
  answerBadUrl,
  answerClientError,
  answerExpectation,
  answerNotFound,
  createErrorAnswer,
} from './http-error.ts';
import type { OverviewSource } from './overview.ts';
import { dlqRoute } from './routes/dlq.ts';
import { healthRoutes } from './routes/health.ts';
import { type Exposition, metricsRoute } from './routes/metrics.ts';
import { snapshotRoute } from './routes/snapshot.ts';
import { streamRoute } from './routes/stream.ts';
import { staticFiles } from './static-files.ts';

/** What the server shows and whom it serves. */
export type AppDeps = {
  readonly source: OverviewSource;
  readonly exposition: Exposition;
  /** Names this process in every message: its start, in ms. */
  readonly epoch: number;
  /** Told every error that the client does not get to see. */
  readonly failed: (error: unknown) => void;
  /** Host names to be addressed by, besides those of the loopback. */
  readonly allowedHosts: readonly string[];
  /** Origins of other pages that may read. */
  readonly corsOrigins: readonly string[];
  /** Absolute path of the built dashboard; without it `/` says how to build it. */
  readonly staticRoot?: string | undefined;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly limits?: StreamLimits;
};

const ownOnly = ["'self'"];
const none = ["'none'"];
const helmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': none,
      'script-src': ownOnly,
      'style-src': ownOnly,
      'img-src': [...ownOnly, 'data:'],
      'connect-src': ownOnly,
      'base-uri': none,
      'form-action': none,
      'frame-ancestors': none,
    },
  },
  frameguard: { action: 'deny' as const },
  // This server speaks plain HTTP; whoever ends TLS before it decides about HSTS.
  hsts: false,
};

const serverOptions = {
  bodyLimit: 16_384,
  requestTimeout: 15_000,
  connectionTimeout: 30_000,
  keepAliveTimeout: 5_000,
  maxRequestsPerSocket: 1_000,
  forceCloseConnections: 'idle',
  return503OnClosing: true,
  trustProxy: false,
  requestIdHeader: false,
  onProtoPoisoning: 'error',
  onConstructorPoisoning: 'error',
  http: {
    headersTimeout: 10_000,
    requestTimeout: 15_000,
    connectionsCheckingInterval: 2_000,
    maxHeaderSize: 8_192,
    // The guard asks for it, in our words.
    requireHostHeader: false,
  },
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  frameworkErrors: answerBadUrl,
  clientErrorHandler: answerClientError,
} satisfies FastifyServerOptions & { http: object };

/** Builds the server: plugins, routes, static files, error answers. Closing it ends the streams. */
export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const { source, exposition, epoch, failed, clock = systemClock, random = Math.random } = deps;
  const limits = deps.limits ?? { clients: 10_000, perAddress: 20 };
  refuseLooseOrigins(deps.corsOrigins);

  const app = fastify(serverOptions);
  app.server.maxConnections = limits.clients + 2_000;
  app.server.on('checkExpectation', answerExpectation);
  app.removeContentTypeParser('text/plain');
  // Before the first plugin: routes made earlier would keep the answers of the framework.
  app.setErrorHandler(createErrorAnswer(failed));
  app.setNotFoundHandler(answerNotFound);

  await app.register(helmet, helmetOptions);
  app.addHook('onRequest', createGuard({ hosts: deps.allowedHosts, origins: deps.corsOrigins }));
  await app.register(cors, { origin: [...deps.corsOrigins], methods: ['GET'] });

  const feed = createFeed({ source, epoch, clock });
  const streams = createEventStream({ feed, clock, random, limits, failed });
  // Not in onClose: the server waits for its connections before that, and a stream never ends by itself.
  app.addHook('preClose', async () => {
    streams.close();
    feed.close();
  });

  await app.register(metricsRoute, { feed, exposition, streamClients: streams.size });
  await app.register(dlqRoute, { feed });
  await app.register(snapshotRoute, { feed });
  await app.register(streamRoute, { streams });
  await app.register(healthRoutes, { source });
  await app.register(staticFiles, { root: deps.staticRoot });
  return app;
}

function refuseLooseOrigins(origins: readonly string[]): void {
  const faults = origins
    .filter((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin)
    .map(
      (origin) =>
        `CORS_ORIGINS: ${JSON.stringify(origin)} is not an origin like http://localhost:5173`,
    );
  if (faults.length > 0) throw new ConfigError(faults);
}

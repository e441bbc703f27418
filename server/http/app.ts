// The HTTP server, built and not listening.
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { ConfigError } from '../errors.ts';
import { type Clock, systemClock } from '../log/clock.ts';
import { createAddressList } from './address.ts';
import { type AuditEntry, createAudit } from './audit.ts';
import { withCommands } from './commanded.ts';
import { limitConnections } from './connections.ts';
import type { Schemas } from './contract.ts';
import { createEventStream } from './event-stream.ts';
import { createFeed } from './feed.ts';
import { createGuard } from './guard.ts';
import { createHolds, MAX_SENT_BYTES } from './holds.ts';
import {
  answerBadUrl,
  answerClientError,
  answerExpectation,
  createErrorAnswer,
  createNotFound,
  HttpError,
  pathOf,
  SafeResponse,
} from './http-error.ts';
import type { Letters } from './letters.ts';
import { oncePerReason } from './once-per-reason.ts';
import { openApi } from './openapi/document.ts';
import type { CoreSource } from './overview.ts';
import { type CommandPorts, commandRoutes } from './routes/commands.ts';
import { dlqRoute } from './routes/dlq.ts';
import { healthRoutes } from './routes/health.ts';
import { letterStreamRoutes } from './routes/letter-streams.ts';
import { letterRoutes } from './routes/letters.ts';
import { type Expositions, metricsRoute } from './routes/metrics.ts';
import { type FollowOrder, ordersRoute } from './routes/orders.ts';
import { productsRoute } from './routes/products.ts';
import { schemaRoute } from './routes/schema.ts';
import { type HistorySource, type SeriesSource, seriesRoute } from './routes/series.ts';
import { snapshotRoute } from './routes/snapshot.ts';
import { streamRoute } from './routes/stream.ts';
import { filesBelow, staticFiles } from './static-files.ts';
import type { StreamLimits } from './stream-clients.ts';
import { createWriteAccess, type WritingSettings } from './writing.ts';

/** What the server shows and whom it serves. */
export type AppDeps = {
  readonly series: SeriesSource;
  readonly history: HistorySource;
  readonly source: CoreSource;
  readonly letters: Letters;
  /** Finds one order by its id. */
  readonly follow: FollowOrder;
  readonly commands: CommandPorts;
  /** Who may give commands. */
  readonly writing: WritingSettings;
  /** Told of every command, and of each one that was refused. */
  readonly audit: (entry: AuditEntry) => void;
  readonly expositions: Expositions;
  readonly schemas: () => Schemas;
  /** Names this process in every message: a number that no other process has. */
  readonly epoch: number;
  /** Told every error that the client does not get to see. */
  readonly failed: (error: unknown) => void;
  /** Host names to be addressed by, besides `localhost` and every IP address. */
  readonly allowedHosts: readonly string[];
  /** Addresses and networks of proxies whose X-Forwarded-For is believed. */
  readonly trustProxy?: readonly string[];
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
  // A hook of ours checks this, and answers in our words.
  return503OnClosing: false,
  requestIdHeader: false,
  onProtoPoisoning: 'error',
  onConstructorPoisoning: 'error',
  http: {
    headersTimeout: 10_000,
    requestTimeout: 15_000,
    connectionsCheckingInterval: 2_000,
    maxHeaderSize: 8_192,
    // guard.ts checks the Host header, and answers in our words.
    requireHostHeader: false,
    ServerResponse: SafeResponse,
  },
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  frameworkErrors: answerBadUrl,
  clientErrorHandler: answerClientError,
} satisfies FastifyServerOptions & { http: object };

/** Connections from one address beside its streams: pages, polls, and a proxy that nobody told of. */
const CONNECTIONS_BESIDE_STREAMS = 236;

/** Builds the server: plugins, routes, static files, error answers. Closing it ends the streams. */
export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const { letters, commands, expositions, epoch, clock = systemClock, random = Math.random } = deps;
  const { trustProxy = [], corsOrigins, staticRoot } = deps;
  const limits = deps.limits ?? { clients: 10_000, perAddress: 20 };
  const failed = oncePerReason(deps.failed);
  refuseLooseOrigins(corsOrigins);

  const app = fastify({
    ...serverOptions,
    trustProxy: trustProxy.length > 0 ? [...trustProxy] : false,
  });
  limitConnections(app.server, {
    total: limits.clients + 2_000,
    perAddress: limits.perAddress + CONNECTIONS_BESIDE_STREAMS,
    isProxy: createAddressList(trustProxy),
  });
  app.server.on('checkExpectation', answerExpectation);
  app.removeContentTypeParser('text/plain');
  const files = filesBelow(staticRoot);
  const routes = new Map<string, string[]>();
  app.addHook('onRoute', ({ url, method }) => {
    routes.set(url, [...new Set([...(routes.get(url) ?? []), ...[method].flat()])]);
  });
  const methodsOf = (path: string) =>
    routes.get(path) ?? routes.get(patternOf(path)) ?? (files.has(path) ? ['GET', 'HEAD'] : []);
  const answerNotFound = createNotFound(methodsOf);
  const audit = createAudit(app, deps.audit, (url) => isCommandPath(methodsOf(pathOf(url))));
  // Before the first plugin: routes made earlier would keep the answers of the framework.
  app.setErrorHandler(createErrorAnswer(failed));
  app.setNotFoundHandler(answerNotFound);

  let closing = false;
  app.addHook('onRequest', async ({ raw }, reply) => {
    // A connection that was closed may still have sent requests, whose answers nobody would get.
    if (raw.socket.destroyed) return reply.hijack();
    if (!closing) return;
    reply.header('connection', 'close').header('retry-after', '1');
    throw new HttpError(503, 'CLOSING', 'this instance is closing: try again');
  });
  await app.register(helmet, helmetOptions);
  app.addHook('onRequest', createGuard({ hosts: deps.allowedHosts, origins: corsOrigins }));
  app.addHook('onRequest', async (request, reply) => {
    // Only listed pages send preflights; the plugin would answer 400 to any other OPTIONS.
    const isPreflight = corsOrigins.includes(request.headers.origin ?? '');
    if (request.method === 'OPTIONS' && !isPreflight) return answerNotFound(request, reply);
  });
  await app.register(cors, { origin: [...corsOrigins], methods: ['GET'] });

  const access = createWriteAccess(deps.writing);
  const source = withCommands(deps.source, commands.book, access.shown);
  const feed = createFeed({ source, epoch, clock, failed });
  const streams = createEventStream({ feed, clock, random, limits, failed });
  const holds = createHolds(MAX_SENT_BYTES);
  // Not in onClose: the server waits for its connections before that, and a stream never ends by itself.
  app.addHook('preClose', async () => {
    closing = true;
    streams.close();
    feed.close();
  });

  await openApi(app);
  const { list, content, search } = letters;
  await app.register(metricsRoute, { source, expositions, holds, streams, clock });
  await app.register(dlqRoute, { source, list, holds, clock });
  await app.register(letterRoutes, { source, list, content, holds });
  await app.register(letterStreamRoutes, { source, list, search, failed });
  const now = () => Date.now();
  await app.register(commandRoutes, { source, commands, list, content, access, audit, clock, now });
  await app.register(seriesRoute, { series: deps.series, history: deps.history, holds });
  await app.register(snapshotRoute, { feed, holds });
  await app.register(productsRoute, { source, holds });
  await app.register(ordersRoute, { follow: deps.follow, holds });
  await app.register(streamRoute, { streams });
  await app.register(schemaRoute, { schemas: deps.schemas });
  await app.register(healthRoutes, { source });
  await app.register(staticFiles, { root: staticRoot });
  return app;
}

/** Of the paths with an id in them, the one that the router knows. */
function patternOf(path: string): string {
  return path.replace(/^\/(dlq|redrives)\/[^/]+(?=$|\/redrive$)/, '/$1/:id');
}

/** Nothing can be read there. */
function isCommandPath(methods: readonly string[]): boolean {
  return methods.length > 0 && !methods.includes('GET');
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

// Starts the service and ends it. The only file, beside the commands, that touches the process.
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import closeWithGrace from 'close-with-grace';
import { chooseBroker } from './cli/broker-choice.ts';
import { loadConfig } from './config.ts';
import { ConfigError, describe } from './errors.ts';
import { buildApp } from './http/app.ts';
import { createLogger } from './log.ts';
import { createExpositions } from './metrics.ts';
import { createService } from './service.ts';

const STOP_WITHIN_MS = 10_000;
const MAX_STREAMS = 10_000;

/** Says what is wrong in one line, without a stack: it is for the person at the keyboard. */
function giveUp(words: string): never {
  process.stderr.write(`${words}\n`);
  process.exit(1);
}

function readConfig() {
  try {
    return loadConfig(process.env);
  } catch (error) {
    if (error instanceof ConfigError) return giveUp(error.message);
    throw error;
  }
}

const config = readConfig();
const logger = createLogger(config.LOG_LEVEL, process.stdout.isTTY);
const { brokers, embedded } = await chooseBroker({
  brokers: config.KAFKA_BROKERS,
  environment: process.env.NODE_ENV,
  logger,
}).catch((error: unknown) => giveUp(describe(error)));
const service = createService({
  config,
  brokers,
  embedded: embedded !== null,
  logger,
  onCrash(error) {
    giveUp(`the service cannot go on: ${error.message}`);
  },
});
const app = await buildApp({
  source: service.overview,
  expositions: createExpositions(),
  epoch: randomInt(2 ** 48 - 1),
  failed(error) {
    const stack = error instanceof Error ? error.stack : undefined;
    logger.error('a request failed', { error: stack ?? describe(error) });
  },
  allowedHosts: config.ALLOWED_HOSTS,
  corsOrigins: config.CORS_ORIGINS,
  trustProxy: config.TRUST_PROXY,
  limits: { clients: MAX_STREAMS, perAddress: config.STREAMS_PER_ADDRESS },
  staticRoot: fileURLToPath(new URL('.', import.meta.resolve('#page/index.html'))),
});

closeWithGrace({ delay: STOP_WITHIN_MS, logger: false }, async ({ err }) => {
  if (err) logger.error('uncaught', { error: err.stack ?? describe(err) });
  await service.stop();
  await app.close();
  await embedded?.close();
});

try {
  await app.listen({ host: config.HOST, port: config.PORT });
} catch (error) {
  const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  giveUp(
    taken
      ? `port ${config.PORT} is taken: stop what listens there, or set PORT to another one`
      : `cannot listen on ${config.HOST}:${config.PORT}: ${describe(error)}`,
  );
}
const { port } = app.server.address() as { port: number };
const host = config.HOST === '127.0.0.1' ? 'localhost' : config.HOST;
logger.info(`listening on http://${host}:${port}`);
await service.start();

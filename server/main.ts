// Starts the service and ends it. The only file, beside the commands, that touches the process.
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import closeWithGrace from 'close-with-grace';
import { environment } from './cli/environment.ts';
import { cannotListen, listeningAt } from './cli/listening.ts';
import { inProject } from './cli/project-root.ts';
import { readStartOptions, startUsage, version } from './cli/start-options.ts';
import { isLoopback } from './config/address.ts';
import { unknownSettings } from './config/unknown.ts';
import { loadConfig, printedConfig, settingRows } from './config.ts';
import { ConfigError, describe } from './errors.ts';
import { buildApp } from './http/app.ts';
import { chooseBroker } from './service/broker-choice.ts';
import { launcherOf } from './service/hints.ts';
import { createLogger } from './service/logger.ts';
import { createExpositions } from './service/metrics.ts';
import { createService } from './service/service.ts';

const STOP_WITHIN_MS = 10_000;
const MAX_STREAMS = 10_000;

/** Says what is wrong in one line, without a stack: it is for the person at the keyboard. */
function giveUp(words: string): never {
  process.stderr.write(`${words}\n`);
  process.exit(1);
}

/** What `read` gives; the faults of arguments and settings end the process. */
function orGiveUp<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) return giveUp(error.message);
    throw error;
  }
}

const asked = orGiveUp(() => readStartOptions(process.argv.slice(2)));
if (asked === 'help' || asked === 'version') {
  console.log(asked === 'help' ? startUsage() : version());
  process.exit();
}
const variables = orGiveUp(environment);
const config = orGiveUp(() => loadConfig(variables));
if (asked === 'print-config') {
  console.log(printedConfig(config, variables).join('\n'));
  process.exit();
}
const logger = createLogger(config.LOG_LEVEL, process.stdout.isTTY);
const settingNames = settingRows.map(({ name }) => name);
for (const { name, nearest } of unknownSettings(Object.keys(variables), settingNames)) {
  logger.warn('no such setting, it has no effect', { name, nearest });
}
const { brokers, embedded } = await chooseBroker({
  brokers: config.KAFKA_BROKERS,
  partitions: config.PARTITIONS,
  environment: variables.NODE_ENV,
  directory: config.BROKER_MEMORY ? null : inProject(config.BROKER_DATA),
  logger,
}).catch((error: unknown) => giveUp(describe(error)));
const service = orGiveUp(() =>
  createService({
    config,
    brokers,
    embedded: embedded !== null,
    launcher: launcherOf(process.env),
    logger,
    onCrash(error) {
      giveUp(`the service cannot go on: ${error.message}`);
    },
  }),
);
const app = await buildApp({
  series: service.series,
  history: service.history,
  source: service.overview,
  letters: service.letters,
  follow: service.follow,
  commands: service.commands,
  writing: {
    loopback: isLoopback(config.HOST),
    token: config.ADMIN_TOKEN,
    readOnly: config.READ_ONLY,
  },
  audit: (entry) => logger.info('a command', { audit: entry }),
  expositions: createExpositions(service.instance),
  schemas: service.schemas,
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

// To look closer at a running service, and to stop looking, without a restart.
process.on('SIGUSR2', () => {
  logger.level = logger.level === 'debug' ? config.LOG_LEVEL : 'debug';
  logger.warn('the log level has changed', { now: logger.level });
});

const ending = { error: (words: unknown) => logger.error('ending', { error: describe(words) }) };
const onEnd = { delay: STOP_WITHIN_MS, logger: ending, skip: ['SIGUSR2' as const] };
closeWithGrace(onEnd, async ({ err }) => {
  if (err) logger.error('uncaught', { error: err.stack ?? describe(err) });
  await service.stop();
  await app.close();
  await embedded?.close();
});

const { HOST: host, PORT: wanted } = config;
try {
  await app.listen({ host, port: wanted });
} catch (error) {
  giveUp(await cannotListen(error, { host, port: wanted }));
}
const { port } = app.server.address() as { port: number };
logger.info(listeningAt({ host, port }));
await service.start();

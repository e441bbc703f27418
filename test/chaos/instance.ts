// The service as main.ts composes it, except that it kills itself at a failpoint
// (CHAOS_FAILPOINT=name, the CHAOS_PASSES-th time), trims every half second, and can tell when it was
// at work (CHAOS_ACTIVITY=true), whose clock can be set, and whose handler can fail with a text of its
// own for every order (CHAOS_FAILURES=texts).
import closeWithGrace from 'close-with-grace';
import { loadConfig } from '../../server/config.ts';
import { describe, TransientError } from '../../server/errors.ts';
import { buildApp } from '../../server/http/app.ts';
import { systemClock as clock } from '../../server/log/clock.ts';
import type { OrderHandler } from '../../server/orders/order-handler.ts';
import { createLogger } from '../../server/service/logger.ts';
import { createExpositions } from '../../server/service/metrics.ts';
import { createService } from '../../server/service/service.ts';
import { type Stretch, withActivity } from './activity.ts';
import { type Failpoint, withFailpoints } from './failpoints.ts';
import { obeyClock } from './wrong-clock.ts';

const ONCE_A_MINUTE_MS = 60_000;
const HURRIED_MS = 500;

obeyClock();
const config = loadConfig(process.env);
const logger = createLogger(config.LOG_LEVEL, false);
const topics = {
  orders: config.ORDERS_TOPIC,
  deadLetters: config.DLQ_TOPIC,
  checkpoints: config.CHECKPOINT_TOPIC,
  commands: config.COMMAND_TOPIC,
};
const failpoint = process.env.CHAOS_FAILPOINT;
let passesLeft = Number(process.env.CHAOS_PASSES ?? 1);

function pass(point: Failpoint): void {
  if (point !== failpoint) return;
  passesLeft -= 1;
  if (passesLeft === 0) process.kill(process.pid, 'SIGKILL');
}

/** As handlers do that name the order in their message. */
const failEach: OrderHandler = ({ orderId }) => {
  throw new TransientError(`${orderId} was not taken: ${'no reason '.repeat(15)}`);
};

const service = createService({
  config,
  brokers: config.KAFKA_BROKERS ?? [],
  embedded: false,
  logger,
  onCrash(error) {
    logger.error('the service cannot go on', { error: describe(error) });
    process.exit(1);
  },
  wrap(ground) {
    const hurried = {
      ...clock,
      after: (ms: number, action: () => void) =>
        clock.after(ms === ONCE_A_MINUTE_MS ? HURRIED_MS : ms, action),
    };
    const grounded = process.env.CHAOS_FAILURES ? { ...ground, handle: failEach } : ground;
    const report = (stretches: readonly Stretch[]) => logger.debug('activity', { stretches });
    const told = process.env.CHAOS_ACTIVITY ? withActivity(grounded, report) : grounded;
    const watched = failpoint === undefined ? told : withFailpoints(told, topics, pass);
    return { ...watched, clock: hurried };
  },
});
const app = await buildApp({
  series: service.series,
  history: service.history,
  source: service.overview,
  letters: service.letters,
  follow: service.follow,
  commands: service.commands,
  writing: { loopback: true, token: null, readOnly: false },
  audit: (entry) => logger.info('a command', { audit: entry }),
  expositions: createExpositions(service.instance),
  schemas: service.schemas,
  epoch: Date.now(),
  failed: (error) => logger.error('a request failed', { error: describe(error) }),
  allowedHosts: [],
  corsOrigins: [],
});

closeWithGrace({ delay: 10_000, logger: false }, async ({ err }) => {
  if (err) logger.error('uncaught', { error: err.stack ?? describe(err) });
  await service.stop();
  await app.close();
});
logger.info(`listening on ${await app.listen({ port: config.PORT })}`);
await service.start();

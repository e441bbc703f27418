// `npm run skip`: skips the damaged batch at which a partition has stopped.
import { hostname, userInfo } from 'node:os';
import { type Config, loadConfig, securityOf } from '../config.ts';
import { ConfigError, describe } from '../errors.ts';
import { createAppender } from '../kafka/appender.ts';
import { createKafka } from '../kafka/client.ts';
import { createCluster } from '../kafka/cluster.ts';
import { createFetcher } from '../kafka/fetcher.ts';
import { encodeCheckpoint, MAX_FOLDED_BYTES } from '../log/checkpoint.ts';
import { systemClock as clock } from '../log/clock.ts';
import { nameOf } from '../log/ports.ts';
import { createOrderFold } from '../orders/order-fold.ts';
import { planSkip, type SkipPlan } from '../task/skip-batch.ts';
import { environment } from './environment.ts';
import { parseSkipOptions, type SkipOptions, usage } from './skip-options.ts';

/** For what goes on while the command works: standard output belongs to its result. */
const logger = {
  debug: () => {},
  info: () => {},
  warn: (message: string, fields?: object) => console.error(message, fields ?? ''),
  error: (message: string, fields?: object) => console.error(message, fields ?? ''),
};

try {
  const options = parseSkipOptions(process.argv.slice(2));
  if (options === 'help') console.log(usage);
  else await skip(options, loadConfig(environment()));
} catch (error) {
  console.error(describe(error));
  // Whatever is still being tried again would keep the process.
  process.exit(error instanceof ConfigError ? 2 : 1);
}

/** In a container the user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}

function logsOf(config: Config, partition: number) {
  return {
    group: config.GROUP_ID,
    orders: { topic: config.ORDERS_TOPIC, partition },
    deadLetters: { topic: config.DLQ_TOPIC, partition },
    checkpoints: { topic: config.CHECKPOINT_TOPIC, partition },
  };
}

async function skip(options: SkipOptions, config: Config): Promise<void> {
  const { partition, offset, to, reason } = options;
  const kafka = createKafka({
    brokers: [...(config.KAFKA_BROKERS ?? ['localhost:9092'])],
    security: securityOf(config),
    clientId: 'order-stream-skip',
    logger,
  });
  let warned = false;
  const onState = (up: boolean, error?: unknown) => {
    if (!up && !warned) console.error(`Kafka has a problem, trying again: ${describe(error)}`);
    warned = !up;
  };
  const reader = createFetcher({
    cluster: createCluster(kafka),
    logger,
    random: Math.random,
    onState,
    onPartition: () => {},
  });
  const writer = createAppender({ cluster: createCluster(kafka) });
  const logs = logsOf(config, partition);
  const fold = createOrderFold({ maxProducts: config.MAX_PRODUCTS, maxBytes: MAX_FOLDED_BYTES });
  const user = userName();
  const owner = `npm run skip, by ${user} on ${hostname()}`;
  try {
    const plan = await planSkip({ logs, fold, reader, clock, logger }, { offset, to, owner });
    console.log(wordsOf(plan, nameOf(logs.orders)));
    if (reason === null) {
      console.log('Nothing was changed. With --yes --reason TEXT it is done.');
      return;
    }
    const value = encodeCheckpoint(plan.checkpoint);
    const record = { timestamp: clock.now(), key: null, value, headers: [] };
    const at = await writer.append(logs.checkpoints, [record]);
    const { from, damage } = plan;
    const time = new Date(clock.now()).toISOString();
    const lost = { from, to: plan.to };
    const audit = { time, msg: 'a damaged batch was skipped', user, host: hostname(), reason };
    console.log(JSON.stringify({ ...audit, ...logs.orders, lost, damage, checkpoint: at }));
  } finally {
    await Promise.all([reader.close(), writer.close()]);
  }
}

function wordsOf({ from, to, damage, waiting }: SkipPlan, where: string): string {
  return [
    `${where} has stopped: ${damage}`,
    `Skipping it loses the offsets ${from} to ${to - 1}, ${to - from} in all; the partition goes on at ${to}.`,
    `Orders that wait there: ${waiting}; they go on waiting.`,
  ].join('\n');
}

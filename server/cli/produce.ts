// `npm run produce`: random orders for the service.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, ConfigError, describe } from '../errors.ts';
import { openOrderProducer } from '../kafka/order-producer.ts';
import { createOrderGenerator } from '../orders/order-generator.ts';
import { DEFAULT_PORT } from '../service/broker-choice.ts';
import { missingKafka } from '../service/embedded-broker.ts';
import { environment } from './environment.ts';
import { openOrderFormat } from './order-format.ts';
import { type ProduceOptions, parseProduceOptions, usage } from './produce-options.ts';
import { createProgressLine } from './progress.ts';
import { sendOrders } from './send-orders.ts';

// Above this many a second the single orders are no longer shown.
const readable = 10;

// How long a batch under way may take after Ctrl-C, in ms.
const grace = 3000;

try {
  const options = parseProduceOptions(process.argv.slice(2), environment());
  if (options === 'help') console.log(usage);
  else await produce(options);
} catch (error) {
  console.error(describe(error));
  // Whatever is still being tried again would keep the process.
  process.exit(error instanceof ConfigError ? 2 : 1);
}

async function produce(options: ProduceOptions): Promise<void> {
  const { connection, topic, partitions, rate, count = Number.POSITIVE_INFINITY } = options;
  const isDefault =
    connection.security?.tls === null && connection.brokers.join() === `localhost:${DEFAULT_PORT}`;
  const missing = isDefault ? await missingKafka(DEFAULT_PORT) : null;
  if (missing !== null) throw new AppError('KAFKA_UNREACHABLE', missing, true);
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
  const stop = new AbortController();
  // `on`, not `once`: npm hands a Ctrl-C on that the terminal has sent already.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  // Whoever read along, such as `head`, has had enough.
  process.stdout.on('error', () => stop.abort());

  const givenUp = giveUp(stop.signal);
  givenUp.catch(() => {});

  const write = await Promise.race([openOrderFormat(options.format, topic), givenUp]);
  let waiting = false;
  const opening = openOrderProducer({
    connection,
    topic,
    partitions,
    trouble: (message) => {
      if (!waiting) console.error(`Kafka has a problem, trying again: ${message}`);
      waiting = true;
    },
  });
  const producer = await Promise.race([opening, givenUp]);
  console.log(
    `orders to ${topic} at ${connection.brokers.join(', ')}, seed ${seed}; Ctrl-C ends it`,
  );
  const progress = createProgressLine({
    count,
    eachOrder: rate === undefined || (rate > 0 && rate <= readable),
    terminal: process.stdout.isTTY,
    write: (text) => process.stdout.write(text),
    now: () => performance.now(),
  });
  const finished = sendOrders({
    orders: createOrderGenerator({
      seed,
      products: options.products,
      badRatio: options.bad,
      write,
    }),
    send: (orders) => producer.send(orders),
    pace: rate === undefined ? 'leisurely' : rate || 'full',
    count,
    sent: (orders) => {
      waiting = false;
      progress.sent(orders);
    },
    signal: stop.signal,
    now: () => performance.now(),
    random: Math.random,
    sleep: (ms) => sleep(ms, undefined, { signal: stop.signal }).catch(() => undefined),
  });
  try {
    await Promise.race([finished, givenUp]);
  } finally {
    console.log(progress.summary());
  }
  await producer.close();
}

// A Kafka that is away would hold a run that was told to end.
async function giveUp(signal: AbortSignal): Promise<never> {
  await once(signal, 'abort');
  await sleep(grace, undefined, { ref: false });
  throw new AppError('UNFINISHED', 'Kafka did not answer: the last orders may not be there', true);
}

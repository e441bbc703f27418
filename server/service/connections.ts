// Everything of this service that speaks to Kafka, each on connections of its own: so what everybody sees
// does not wait behind the orders, and a long poll holds up no append.
import { type Config, securityOf } from '../config.ts';
import { createAppender } from '../kafka/appender.ts';
import { createKafka } from '../kafka/client.ts';
import { createCluster } from '../kafka/cluster.ts';
import { createEnds, type Ends } from '../kafka/ends.ts';
import { createFetcher, type Fetcher } from '../kafka/fetcher.ts';
import { createServiceTopics, type ServiceTopics } from '../kafka/topics.ts';
import type { Instruments } from '../log/instruments.ts';
import type { Logger } from '../log/logger.ts';
import type { LogWriter } from '../log/ports.ts';
import type { Progress } from '../log/progress.ts';
import type { Reports } from './reports.ts';

/** For reads of a single record: Kafka answers at once and does not wait for more records. */
const SINGLE_WAIT_MS = 10;
/** What is shown is told ten times a second; a request of its reader names every partition of the group. */
const SHOWN_EVERY_MS = 50;

export type Connections = {
  readonly kafka: ReturnType<typeof createKafka>;
  readonly taskReader: Fetcher;
  readonly viewReader: Fetcher;
  /** Follows the dead letters for their index. */
  readonly indexReader: Fetcher;
  /** Reads single letters and checkpoints: nobody follows anything with it, so nothing has to wait. */
  readonly letterReader: Fetcher;
  readonly ends: Ends;
  readonly writer: LogWriter;
  readonly topics: ServiceTopics;
  close(): Promise<void>;
};

/** Nothing is connected before it is used; `progress` hears how reading goes, for each reader its own. */
export function openConnections(deps: {
  config: Config;
  brokers: readonly string[];
  clientId: string;
  logger: Logger;
  reports: Pick<Reports, 'kafka' | 'unconnected'>;
  progress: { readonly tasks: Progress; readonly view: Progress };
  instruments: Instruments;
}): Connections {
  const { config, brokers, clientId, logger, reports, progress, instruments } = deps;
  const kafka = createKafka({
    brokers: [...brokers],
    security: securityOf(config),
    clientId,
    logger,
    onTrouble: reports.unconnected,
  });
  type Habits = Partial<Pick<Parameters<typeof createFetcher>[0], 'onFetched' | 'everyMs'>>;
  const createReader = (of: Progress, habits: Habits) =>
    createFetcher({
      cluster: createCluster(kafka),
      logger,
      random: Math.random,
      onState: reports.kafka,
      onPartition: of.readEnded,
      ...habits,
    });
  const taskReader = createReader(progress.tasks, {
    onFetched(ms, bytes) {
      instruments.fetchTook.observe(ms / 1000);
      instruments.fetchBytes.observe(bytes);
    },
  });
  const viewReader = createReader(progress.view, { everyMs: SHOWN_EVERY_MS });
  // The view reads the same topics and says when it cannot, so these two say nothing.
  const quiet = { logger, random: Math.random, onState: () => {}, onPartition: () => {} };
  const indexReader = createFetcher({ cluster: createCluster(kafka), ...quiet });
  const letterReader = createFetcher({
    cluster: createCluster(kafka),
    ...quiet,
    maxWaitMs: SINGLE_WAIT_MS,
  });
  const ends = createEnds({ cluster: createCluster(kafka) });
  const writer = createAppender({
    cluster: createCluster(kafka),
    onFailed: instruments.appendRetries.add,
  });
  const topics = createServiceTopics({
    kafka,
    names: {
      orders: config.ORDERS_TOPIC,
      deadLetters: config.DLQ_TOPIC,
      checkpoints: config.CHECKPOINT_TOPIC,
      commands: config.COMMAND_TOPIC,
    },
    partitions: config.PARTITIONS,
    logger,
  });
  const readers = { taskReader, viewReader, indexReader, letterReader };
  const all = [...Object.values(readers), ends, writer, topics];
  return {
    ...{ kafka, ...readers, ends, writer, topics },
    async close() {
      await Promise.all(all.map((each) => each.close()));
    },
  };
}

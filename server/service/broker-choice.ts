// Which Kafka to talk to: the one that was named, the one that runs on this machine, or our own.

import type { DevBroker } from '../dev-broker/broker.ts';
import { BrokerError } from '../dev-broker/broker-error.ts';
import type { Logger } from '../dev-broker/logger.ts';
import { probeKafka } from '../dev-broker/probe.ts';
import { startEmbeddedBroker } from './embedded-broker.ts';

export const DEFAULT_PORT = 9092;

export type BrokerChoice = {
  readonly brokers: readonly string[];
  /** The broker that runs in this process, to be closed last; null when there is another. */
  readonly embedded: DevBroker | null;
};

export type BrokerWish = {
  /** KAFKA_BROKERS; null when it is not set. */
  brokers: readonly string[] | null;
  /** NODE_ENV as the process has it. */
  environment: string | undefined;
  port?: number;
  /** PARTITIONS: of topics that somebody's first record makes. */
  partitions: number;
  /** Where the embedded broker keeps everything; null keeps it in memory. */
  directory: string | null;
  logger: Logger;
};

/**
 * Takes the brokers that were named; without, a Kafka that answers on localhost; else starts the
 * embedded broker there.
 * @throws {BrokerError} when the port is taken by something else, or the embedded broker cannot start
 */
export async function chooseBroker(settings: BrokerWish): Promise<BrokerChoice> {
  const { brokers, partitions, environment, directory, logger, port = DEFAULT_PORT } = settings;
  if (brokers) return { brokers, embedded: null };
  const running = { brokers: [`localhost:${port}`], embedded: null };
  if (await isKafka()) return running;
  try {
    const options = { port, directory, partitions, environment, logger };
    const embedded = await startEmbeddedBroker(options);
    return { brokers: [embedded.address], embedded };
  } catch (error) {
    // Another process may have taken the port in the meantime.
    const taken = error instanceof BrokerError && error.code === 'PORT_IN_USE';
    if (taken && (await isKafka())) return running;
    throw error;
  }

  async function isKafka(): Promise<boolean> {
    const found = await probeKafka('localhost', port);
    if (found === 'other') {
      throw new BrokerError(
        'PORT_IN_USE',
        `port ${port} is taken by a program that does not answer as Kafka does, or not yet: ` +
          'stop it, or set KAFKA_BROKERS to the Kafka to use',
      );
    }
    if (found === 'kafka')
      logger.info('using the Kafka that runs here', { brokers: running.brokers });
    return found === 'kafka';
  }
}

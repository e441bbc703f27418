// The Apache Kafka of a measurement.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka } from '../../server/cli/apache-kafka/broker.ts';
import { freePorts } from '../fixtures/free-port.ts';

/** Measures on the brokers given, or else on a broker of its own, which takes Java 17 and Maven. */
export async function withKafka<T>(
  given: string | undefined,
  measure: (brokers: string) => Promise<T>,
): Promise<T> {
  if (given !== undefined) return measure(given);
  const directory = await mkdtemp(join(tmpdir(), 'bench-kafka-'));
  const [port, controllerPort] = (await freePorts(2)) as [number, number];
  const kafka = await startKafka({ port, controllerPort, directory });
  try {
    return await measure(kafka.brokers);
  } finally {
    await kafka.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

// The embedded broker as the commands start it: when it cannot, they say which setting helps.
import {
  CLUSTER_ID,
  type DevBroker,
  type DevBrokerOptions,
  startDevBroker,
} from '../dev-broker/broker.ts';
import { BrokerError, type BrokerErrorCode } from '../dev-broker/broker-error.ts';
import { probeKafka } from '../dev-broker/probe.ts';
import { createKafka } from '../kafka/client.ts';

const hints: Partial<Record<BrokerErrorCode, string>> = {
  FOLDER_IN_USE: 'BROKER_DATA names the folder',
  FOLDER_UNUSABLE: 'BROKER_DATA names the folder, with BROKER_MEMORY=true there is none',
};

/** As startDevBroker. */
export async function startEmbeddedBroker(options: DevBrokerOptions): Promise<DevBroker> {
  try {
    return await startDevBroker(options);
  } catch (error) {
    const hint = error instanceof BrokerError ? hints[error.code] : undefined;
    if (!(error instanceof BrokerError) || hint === undefined) throw error;
    throw new BrokerError(error.code, `${error.message} (${hint})`, { cause: error });
  }
}

/** Who has the port that the broker was to have, and what to do, in one sentence. */
export async function portTaken(port: number): Promise<string> {
  const found = await probeKafka('localhost', port);
  if (found !== 'kafka') {
    return `port ${port} is taken by a program that does not answer as Kafka does: stop it, or take another port (--port)`;
  }
  const who = (await isEmbedded(port)) ? 'an embedded broker' : 'a Kafka';
  return (
    `${who} runs on localhost:${port} already, and npm start and npm run produce use it: ` +
    'stop it, or take another port (--port)'
  );
}

/** What to do when no Kafka answers on this machine, in one sentence; null when one does. */
export async function missingKafka(port: number): Promise<string | null> {
  const found = await probeKafka('localhost', port);
  if (found === 'kafka') return null;
  return found === 'nothing'
    ? `no Kafka at localhost:${port}; start the service first, which brings its own broker: ` +
        'npm start (or that broker alone: npm run broker)'
    : `what listens on localhost:${port} does not answer as Kafka does: stop it, or name a Kafka (--brokers)`;
}

async function isEmbedded(port: number): Promise<boolean> {
  const silent = () => {};
  const logger = { debug: silent, info: silent, warn: silent, error: silent };
  const brokers = [`localhost:${port}`];
  const admin = createKafka({ brokers, clientId: 'order-stream', logger }).admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).clusterId === CLUSTER_ID;
  } catch {
    // A Kafka that tells strangers nothing is none of ours.
    return false;
  } finally {
    await admin.disconnect();
  }
}

// An embedded broker that speaks Kafka's protocol, for development: one node, on this machine only.
// An append is in the file before it is acknowledged, so nothing is lost when the process is killed;
// the disk is told to keep it once a second and at the end, which is what a power cut can cost.
import { randomInt, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { apis } from './api/index.ts';
import type { Broker } from './api.ts';
import { createAwakeTime, TICK_MS } from './awake-time.ts';
import { BrokerError } from './broker-error.ts';
import { type Committed, isCommitted } from './committed-offsets.ts';
import { serveConnection } from './connection.ts';
import { createDisk } from './disk.ts';
import { createGroups } from './groups.ts';
import { createIncidents, type Incidents } from './incidents.ts';
import { openJournal } from './journal.ts';
import { listenOnLoopback } from './listener.ts';
import { type Lock, lockFolder } from './lock.ts';
import type { Logger } from './logger.ts';
import { createMemory } from './memory.ts';
import { openTopics } from './topics.ts';

const FLUSH_MS = 1000;

/** By this an embedded broker is told from any other. */
export const CLUSTER_ID = 'embedded-dev-broker-00';

export type DevBroker = {
  /** What clients connect to, `localhost:9092`. */
  readonly address: string;
  close(): Promise<void>;
};

export type DevBrokerOptions = {
  /** 0 takes any free one. */
  port: number;
  /** Where everything is kept; null keeps it in memory until the end. */
  directory: string | null;
  /** NODE_ENV as the process has it. */
  environment: string | undefined;
  /** Partitions of a topic that is created without saying how many: by the first record sent to it, for example. */
  partitions?: number;
  logger: Logger;
};

/**
 * Starts the broker; it serves when the promise is fulfilled.
 * @throws {BrokerError} when it must not or cannot
 */
export async function startDevBroker(options: DevBrokerOptions): Promise<DevBroker> {
  const { directory, environment, logger, partitions = 1 } = options;
  if (environment === 'production') {
    throw new BrokerError(
      'PRODUCTION',
      'the embedded broker is for development: with NODE_ENV=production set KAFKA_BROKERS',
    );
  }
  const now = () => performance.now();
  const incidents = createIncidents(logger, now);
  let ready: (broker: Broker) => void = () => {};
  const opened = new Promise<Broker>((resolve) => {
    ready = resolve;
  });
  // The port first: whoever loses it to another process then asks that one, and is answered as soon
  // as its folder has been read.
  const listener = await listenOnLoopback({
    port: options.port,
    serve: (socket) => void opened.then((broker) => serveConnection(socket, broker)),
    incidents,
  });
  let lock: Lock | null = null;
  try {
    lock = directory === null ? null : await takeFolder(directory);
    const { broker, close } = open({
      directory,
      partitions,
      logger,
      incidents,
      port: listener.port,
      now,
    });
    ready(broker);
    const address = `${broker.host}:${broker.port}`;
    logger.info('embedded broker, for development', { address, data: directory ?? 'memory' });
    let closing: Promise<void> | null = null;
    const end = async () => {
      await listener.close();
      close();
      await lock?.release();
    };
    return { address, close: () => (closing ??= end()) };
  } catch (error) {
    await listener.close();
    await lock?.release();
    throw error;
  }
}

async function takeFolder(directory: string): Promise<Lock> {
  try {
    mkdirSync(join(directory, 'topics'), { recursive: true });
    return await lockFolder(directory, randomUUID());
  } catch (cause) {
    if (cause instanceof BrokerError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BrokerError('FOLDER_UNUSABLE', `cannot use the folder ${directory}: ${why}`, {
      cause,
    });
  }
}

type Opened = {
  directory: string | null;
  port: number;
  partitions: number;
  logger: Logger;
  incidents: Incidents;
  /** Monotonic, in ms: every wait goes by it, whatever the wall clock does. */
  now: () => number;
};

function open({ directory, port, partitions, logger, incidents, now }: Opened) {
  const disk = createDisk(logger, now);
  const newId = randomUUID;
  const topics = openTopics({ directory, disk, logger, newId });
  const path = directory && join(directory, 'offsets.jsonl');
  const damaged = (what: string) => logger.warn('embedded broker', { what });
  const journal = openJournal<Committed>(path, isCommitted, damaged);
  const groups = createGroups({ journal, disk, now: createAwakeTime(now), newId });
  // Partitions remember the ids they have seen, so ids must not repeat after a restart. They begin at
  // random and not at the time, because a clock may be set back.
  let producerId = randomInt(2 ** 47);
  const broker: Broker = {
    nodeId: 1,
    host: 'localhost',
    port,
    clusterId: CLUSTER_ID,
    apis,
    topics,
    groups,
    disk,
    memory: createMemory(),
    incidents,
    logger,
    partitions,
    newProducerId: () => producerId++,
  };
  const timers = [
    setInterval(groups.expire, TICK_MS),
    setInterval(() => {
      topics.flush();
      journal.flush(disk.flushFailed);
      disk.tick();
      incidents.tick();
    }, FLUSH_MS),
  ];
  for (const timer of timers) timer.unref();
  return {
    broker,
    close() {
      for (const timer of timers) clearInterval(timer);
      topics.close();
      journal.close();
    },
  };
}

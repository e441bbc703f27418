// The Kafkas that faults are tried on: one broker behind a misbehaving network, or three brokers.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningKafka, startKafka } from '../../server/cli/apache-kafka/broker.ts';
import { freePorts } from '../fixtures/free-port.ts';
import type { TestScope } from '../fixtures/requirements.ts';
import { type ProduceProxy, startProduceProxy } from './produce-proxy.ts';

/** One Kafka; a scenario has topics of its own in it. */
export type TestCluster = {
  /** For those who watch: not through the proxy. */
  readonly brokers: string;
  /** For the service. */
  readonly serviceBrokers: string;
  /** Between the service and its broker; null before three brokers. */
  readonly proxy: ProduceProxy | null;
  readonly nodes: readonly ClusterNode[];
};

export type ClusterNode = {
  readonly id: number;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Ends it in good order: it hands its leaderships over first. */
  stop(): Promise<void>;
  /** Resolves when it listens again, with the data it had. */
  restart(): Promise<void>;
  /** Stops and continues the process, which keeps its connections. */
  freeze(): void;
  thaw(): void;
};

const LISTENERS = 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT';

/** One broker with two listeners: an honest one, and one that is advertised as the proxy's port. */
export async function startProxiedBroker(scope: TestScope): Promise<TestCluster> {
  const [port, proxied, controllerPort] = (await freePorts(3)) as [number, number, number];
  const proxy = await startProduceProxy(proxied);
  scope.teardown(() => proxy.close());
  const node = await startNode(scope, 1, {
    port,
    controllerPort,
    properties: {
      listeners: `PLAINTEXT://localhost:${port},PROXIED://localhost:${proxied},CONTROLLER://localhost:${controllerPort}`,
      'advertised.listeners': `PLAINTEXT://localhost:${port},PROXIED://localhost:${proxy.port}`,
      'listener.security.protocol.map': LISTENERS,
    },
  });
  return {
    brokers: `localhost:${port}`,
    serviceBrokers: `localhost:${proxy.port}`,
    proxy,
    nodes: [node],
  };
}

/** Three brokers that keep everything three times and take it when two have it; `settings` come on top. */
export async function startThreeBrokers(
  scope: TestScope,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestCluster> {
  const ports = await freePorts(6);
  const placements = [1, 2, 3].map((id) => ({
    id,
    port: ports[id - 1]!,
    controllerPort: ports[id + 2]!,
  }));
  const voters = placements.map(({ id, controllerPort }) => `${id}@localhost:${controllerPort}`);
  const three = {
    'controller.quorum.voters': voters.join(','),
    'default.replication.factor': '3',
    'min.insync.replicas': '2',
    'offsets.topic.replication.factor': '3',
    // A broker that is back leads again soon, so that the next one killed is a leader too.
    'leader.imbalance.check.interval.seconds': '2',
    'replica.lag.time.max.ms': '3000',
    ...settings,
  };
  const nodes = await Promise.all(
    placements.map(({ id, ...rest }) =>
      startNode(scope, id, { ...rest, properties: { ...three, 'node.id': `${id}` } }),
    ),
  );
  const brokers = placements.map(({ port }) => `localhost:${port}`).join(',');
  return { brokers, serviceBrokers: brokers, proxy: null, nodes };
}

async function startNode(
  scope: TestScope,
  id: number,
  placement: { port: number; controllerPort: number; properties: Record<string, string> },
): Promise<ClusterNode> {
  const directory = await mkdtemp(join(tmpdir(), `chaos-kafka-${id}-`));
  const start = () => startKafka({ ...placement, directory });
  let running: RunningKafka = await start();
  const killAtExit = () => void running.kill();
  process.once('exit', killAtExit);
  scope.teardown(async () => {
    process.removeListener('exit', killAtExit);
    await running.kill();
    await rm(directory, { recursive: true, force: true });
  });
  return {
    id,
    kill: () => running.kill(),
    stop: () => running.stop(),
    freeze: () => void process.kill(running.pid, 'SIGSTOP'),
    thaw: () => void process.kill(running.pid, 'SIGCONT'),
    async restart() {
      await running.kill();
      running = await start();
    },
  };
}

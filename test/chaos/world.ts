// One scenario's world: topics and a group of its own, instances, load, and the audit at the end.
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { projectRoot } from '../../server/cli/project-root.ts';
import { createKcat } from '../fixtures/kcat.ts';
import type { OtherClient } from '../fixtures/other-client.ts';
import type { TestScope } from '../fixtures/requirements.ts';
import { differences, type Facts, type Removed, readFacts, type TopicNames } from './audit.ts';
import type { TestCluster } from './clusters.ts';
import { type Instance, type StartOptions, startInstance } from './instances.ts';
import { type Load, type LoadOptions, startLoad } from './load.ts';
import { createRandom, type Random } from './random.ts';
import { until } from './until.ts';

export type World = {
  readonly random: Random;
  readonly names: TopicNames;
  readonly cluster: TestCluster;
  readonly admin: Admin;
  readonly kcat: OtherClient;
  readonly instances: readonly Instance[];
  /** The long set; otherwise as short as makes sense. */
  readonly long: boolean;
  /** How many dead letters are to be redriven; null: as many as make sense. */
  readonly letters: number | null;
  /** Starts an instance; resolves when it listens. */
  start(options?: StartOptions): Promise<Instance>;
  /** Starts that many and waits until all are ready. */
  startReady(count: number, options?: StartOptions): Promise<Instance[]>;
  /** Orders from now on until the audit. */
  load(options?: Partial<LoadOptions>): Promise<Load>;
  /** Waits until the group has read `more` records more than now. */
  progress(more: number): Promise<void>;
  /** Errors in the log that are part of the scenario. */
  tolerate(pattern: RegExp): void;
  /** Ends the load, waits until the balance is closed, and holds every live instance against the facts. */
  settle(removed?: Removed): Promise<Facts>;
  /** What the last audit found to be true, and what was noted. */
  readonly audited: Audited;
  /** Something to be told beside it. */
  note(found: Audited): void;
  /** Every instance's log into a folder; its path. */
  keepLogs(): Promise<string>;
};

/** What is true by the topics alone, by name. */
export type Audited = Readonly<Record<string, unknown>>;

/** What a world is to be like; `seed` is where its chances come from. */
export type WorldOptions = {
  readonly name: string;
  readonly seed: number;
  readonly long: boolean;
  readonly letters: number | null;
};

const AUDIT_WITHIN_MS = 20_000;
const WATCH_EVERY_MS = 250;

/** A world in `cluster`; the end of `scope` ends it. */
export async function createWorld(
  scope: TestScope,
  cluster: TestCluster,
  { name, seed, long, letters }: WorldOptions,
): Promise<World> {
  const kcat = createKcat(cluster.brokers);
  const id = `${name}-${seed}`;
  const names = {
    orders: `${id}-orders`,
    deadLetters: `${id}-orders-dlq`,
    checkpoints: `${id}-checkpoints`,
    group: id,
  };
  const client = new Kafka({ brokers: cluster.brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = client.admin({ retry: { retries: 20, maxRetryTime: 1000 } });
  await admin.connect();
  scope.teardown(() => admin.disconnect());

  const instances: Instance[] = [];
  let started = 0;
  const loads: Load[] = [];
  const tolerated: RegExp[] = [];
  let audited: Audited = {};
  let notes: Audited = {};
  const rate = long ? 2000 : 800;
  const live = () => instances.filter((instance) => instance.live);
  const watch = setInterval(() => {
    for (const instance of live()) instance.look();
  }, WATCH_EVERY_MS);
  scope.teardown(() => clearInterval(watch));

  const env = {
    KAFKA_BROKERS: cluster.serviceBrokers,
    ORDERS_TOPIC: names.orders,
    DLQ_TOPIC: names.deadLetters,
    CHECKPOINT_TOPIC: names.checkpoints,
    GROUP_ID: names.group,
    CHECKPOINT_INTERVAL_MS: '50',
    FAILURE_RATE: '0.1',
    MAX_RETRIES: '1',
    RETRY_BACKOFF_MS: '500',
    // Some scenarios are floods of dead letters.
    BREAKER_RATIO: '0',
    LOG_LEVEL: 'debug',
  };

  async function start(options: StartOptions = {}): Promise<Instance> {
    const own = { ...options, env: { ...env, ...options.env } };
    started += 1;
    const instance = await startInstance(scope, `instance ${started}`, own, tolerated);
    instances.push(instance);
    return instance;
  }

  async function highWatermarks(topic: string): Promise<string> {
    const offsets = await admin.fetchTopicOffsets(topic);
    return offsets
      .map(({ partition, high }) => `${partition}:${high}`)
      .sort()
      .join(' ');
  }

  /** Everything read, nothing pending, on every live instance. */
  async function isClosed(): Promise<boolean> {
    const high = await highWatermarks(names.orders);
    for (const instance of live()) {
      const { balance, asOf } = await instance.metrics();
      const reached = asOf.map(({ partition, nextOffset }) => `${partition}:${nextOffset}`).sort();
      if (reached.join(' ') !== high || balance.pending > 0) {
        throw new Error(
          `${instance.name} is at ${reached.join(' ')} of ${high}, pending ${balance.pending}`,
        );
      }
    }
    return live().length > 0;
  }

  async function checkFacts(removed: Removed | undefined): Promise<Facts> {
    const facts = await readFacts(kcat, names, removed);
    for (const instance of live()) {
      const metrics = await instance.metrics();
      const found = differences(facts, metrics);
      if (found.length > 0) throw new Error(`${instance.name}: ${found.join('; ')}`);
      const { counted, deadLettered, lost, copies, corrections } = metrics.balance;
      audited = { ...audited, counted, deadLettered, lost, copies, corrections };
    }
    return facts;
  }

  function checkInstances(): void {
    const faults = instances.flatMap((instance) => instance.faults());
    if (faults.length > 0) throw new Error(faults.slice(0, 5).join('\n'));
  }

  return {
    random: createRandom(seed),
    names,
    cluster,
    admin,
    kcat,
    instances,
    long,
    letters,
    start,
    async startReady(count, options) {
      const started = await Promise.all(Array.from({ length: count }, () => start(options)));
      await Promise.all(started.map((instance) => instance.ready()));
      return started;
    },
    async load(options) {
      const load = await startLoad(cluster.brokers, names.orders, { seed, rate, ...options });
      loads.push(load);
      return load;
    },
    async progress(more) {
      let goal = 0;
      await until(`${more} records to be read`, async () => {
        const [instance] = live();
        if (instance === undefined) return false;
        const { read } = (await instance.metrics()).balance;
        goal ||= read + more;
        return read >= goal;
      });
    },
    note(found) {
      notes = { ...notes, ...found };
    },
    tolerate: (pattern) => void tolerated.push(pattern),
    get audited() {
      return { ...audited, ...notes };
    },
    async settle(removed) {
      await Promise.all(loads.splice(0).map((load) => load.stop()));
      await until('the balance to close', isClosed);
      const facts = await until('the facts', () => checkFacts(removed), AUDIT_WITHIN_MS);
      checkInstances();
      return facts;
    },
    async keepLogs() {
      const folder = fileURLToPath(new URL(`data/chaos/${id}/`, projectRoot));
      await mkdir(folder, { recursive: true });
      for (const { name, lines } of instances) {
        await writeFile(`${folder}${name.replace(' ', '-')}.log`, `${lines.join('\n')}\n`);
      }
      return folder;
    },
  };
}

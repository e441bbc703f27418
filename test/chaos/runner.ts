// Runs scenarios, each in its own world, on Kafkas that they share.
import { describe } from '../../server/errors.ts';
import { startProxiedBroker, startThreeBrokers, type TestCluster } from './clusters.ts';
import { startEmbedded } from './embedded.ts';
import type { Scenario } from './scenario.ts';
import { createScope } from './scope.ts';
import { type Audited, createWorld } from './world.ts';

/** What became of one run; `violation` is null when all was well. */
export type Outcome = {
  readonly scenario: string;
  readonly seed: number;
  readonly seconds: number;
  readonly violation: string | null;
  /** What the audit found to be true. */
  readonly audited: Audited;
  /** Where the logs of its instances are, after a violation. */
  readonly logs: string | null;
};

export type Runner = {
  run(scenario: Scenario, seed: number): Promise<Outcome>;
  /** Ends the Kafkas. */
  close(): Promise<void>;
};

/** `letters`: how many are redriven; null: as many as make sense. On the embedded broker every cluster is that one. */
export type RunnerOptions = {
  readonly long: boolean;
  readonly letters?: number | null;
  readonly embedded?: boolean;
};

/** A runner; Kafkas start with the first scenario that needs them. */
export function createRunner({ long, letters = null, embedded = false }: RunnerOptions): Runner {
  // Every child is ended at exit, and there are many.
  process.setMaxListeners(0);
  const shared = createScope();
  const clusters = new Map<1 | 3, Promise<TestCluster>>();

  function clusterOf(brokers: 1 | 3): Promise<TestCluster> {
    let cluster = clusters.get(brokers);
    if (cluster === undefined) {
      cluster = startCluster(brokers);
      clusters.set(brokers, cluster);
    }
    return cluster;
  }

  function startCluster(brokers: 1 | 3): Promise<TestCluster> {
    if (embedded) return startEmbedded(shared);
    return brokers === 1 ? startProxiedBroker(shared) : startThreeBrokers(shared);
  }

  /** Where brokers are killed there is one scenario at a time. */
  let threeBrokersFree: Promise<unknown> = Promise.resolve();

  async function inTurn(scenario: Scenario, seed: number): Promise<Outcome> {
    if (scenario.brokers !== 3) return runOne(scenario, seed);
    const outcome = threeBrokersFree.then(() => runOne(scenario, seed));
    threeBrokersFree = outcome.catch(() => {});
    return outcome;
  }

  async function runOne(scenario: Scenario, seed: number): Promise<Outcome> {
    const { name, brokers = 1, settings, run } = scenario;
    const scope = createScope();
    const cluster = await (settings === undefined || embedded
      ? clusterOf(brokers)
      : startThreeBrokers(scope, settings));
    const startedAt = performance.now();
    let violation: string | null = null;
    let logs: string | null = null;
    const world = await createWorld(scope, cluster, { name, seed, long, letters });
    try {
      await run(world);
    } catch (error) {
      violation = describe(error);
      logs = await world.keepLogs();
    } finally {
      await scope.close();
    }
    const seconds = (performance.now() - startedAt) / 1000;
    return { scenario: name, seed, seconds, violation, audited: world.audited, logs };
  }

  return { run: inTurn, close: () => shared.close() };
}

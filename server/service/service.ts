// One instance of the service: its parts, its start and its stop. It touches nothing of the process, so
// that a test can run it whole.
import { describe } from '../errors.ts';
import type { Letters } from '../http/letters.ts';
import type { CoreSource } from '../http/overview.ts';
import type { CommandPorts } from '../http/routes/commands.ts';
import type { FollowOrder } from '../http/routes/orders.ts';
import type { HistorySource, SeriesSource } from '../http/routes/series.ts';
import { systemClock as clock, delay } from '../log/clock.ts';
import type { Instance } from './instance-metrics.ts';
import type { OrderSchemas } from './order-schemas.ts';
import { createParts, type Parts, type Surroundings } from './parts.ts';

const UPKEEP_MS = 5000;
/** How often the log hears of what is wrong, and the ends of the partitions are asked for. */
const LOOK_MS = 1000;
/** How often the orders of the products are noted down: the step of their history. */
const PRODUCTS_MS = 10_000;
/** The group is not joined before the view has caught up, or this has passed. */
const CATCH_UP_MS = 5000;
/** Dead letters are indexed when the service is ready, or after this in any case. */
const INDEX_WITHIN_MS = 30_000;
/** How often is asked which dead letters retention has taken. */
const TRIM_MS = 30_000;

export type Service = {
  readonly overview: CoreSource;
  readonly series: SeriesSource;
  readonly history: HistorySource;
  /** What it measures of itself. */
  readonly instance: Instance;
  readonly letters: Letters;
  readonly follow: FollowOrder;
  readonly commands: CommandPorts;
  /** What `GET /schema` shows. */
  readonly schemas: OrderSchemas['shown'];
  /** Reaches Kafka, catches up and joins; keeps trying until it succeeds or `stop` is called. */
  start(): Promise<void>;
  /** Stops fetching, writes the last checkpoints, leaves the group, disconnects. */
  stop(): Promise<void>;
};

/** A service on the given brokers. */
export function createService(surroundings: Surroundings): Service {
  const parts = createParts(surroundings);
  const { lifecycle, reports, upkeep, connections, view, tasks, membership, health } = parts;
  const { commanding, allCommands, sayPauses } = parts;
  return {
    overview: parts.overview,
    history: parts.history.read,
    series: (range) => parts.series.read(range, clock.now()),
    instance: parts.instance,
    letters: commanding.letters,
    follow: commanding.follow,
    commands: { ...commanding.commands, teach: parts.teach },
    schemas: parts.schemas.shown,
    async start() {
      allCommands.watch(sayPauses);
      upkeep.every(LOOK_MS, 'log', () => {
        // Which partitions run here may have changed since the last command was read.
        sayPauses();
        parts.incidents.update(health.incidents());
      });
      try {
        await start(parts);
      } catch (error) {
        if (lifecycle.phase === 'STOPPING') return;
        reports.failed(`the service cannot start: ${describe(error)}`);
      }
    },
    async stop() {
      if (lifecycle.phase !== 'STOPPING') lifecycle.to('STOPPING');
      upkeep.end();
      view.close();
      allCommands.close();
      commanding.indexer.close();
      await tasks.close();
      parts.schemas.close();
      await membership.stop();
      await connections.close();
    },
  };
}

/** Rejects when the service is stopped meanwhile, and with what trying again cannot mend. */
async function start(parts: Parts): Promise<void> {
  const { lifecycle, reports, upkeep, connections, view, lag, tasks, membership, presence } = parts;
  const { indexer, tellRedrives } = parts.commanding;
  const startedAt = clock.monotonic();

  async function ensureTopics(): Promise<void> {
    const { partitions, problems } = await connections.topics.ensure();
    reports.kafka(true);
    reports.problem('topics', problems.join('; ') || null);
    lag.partitions(partitions);
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    view.follow(all);
    parts.allCommands.follow(all);
  }

  /** All dead letters are read only when the orders flow: nobody has to wait for this. */
  function readLetters(): void {
    const late = clock.monotonic() - startedAt > INDEX_WITHIN_MS;
    const begun = indexer.reach().length > 0;
    if (!begun && !late && parts.health.status().phase !== 'ready') return;
    const { partitions } = connections.topics;
    indexer.follow(Array.from({ length: partitions }, (_, partition) => partition));
  }

  await upkeep.insist('the topics cannot be prepared', ensureTopics);
  upkeep.every(LOOK_MS, 'the ends of the partitions are not known', lag.ask);
  upkeep.every(LOOK_MS, 'the last hour is not kept', parts.sampleSeries);
  upkeep.every(PRODUCTS_MS, 'the history of products is not kept', parts.sampleProducts);
  // A partition that cannot be read is reported elsewhere, and does not keep the others waiting.
  const reading = view.caughtUp().then(reports.caughtUp, () => {});
  await Promise.race([reading, delay(clock, CATCH_UP_MS)]);
  if (lifecycle.phase === 'STOPPING') return;
  lifecycle.to('JOINING');
  await upkeep.insist('the group cannot be joined', membership.start);
  upkeep.every(LOOK_MS, 'the dead letters are not indexed', readLetters);
  upkeep.every(LOOK_MS, 'it is not known which dead letters were redriven', tellRedrives);
  upkeep.every(TRIM_MS, 'it is not known what retention has taken', indexer.trim);
  upkeep.every(UPKEEP_MS, 'the topics cannot be checked', ensureTopics);
  upkeep.every(UPKEEP_MS, 'next offsets are not committed', async () => {
    if (presence.heartbeatAge() !== null) await membership.commit(tasks.positions());
  });
}

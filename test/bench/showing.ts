// One instance that shows the checkpoints of a group and does nothing else: INDEX of INSTANCES, each with its
// share of the partitions. LOOKED=true: somebody looks, ten times a second; EACH=true: it reads each
// checkpoint of each partition, as only the owner of a partition has to. Once a line is written to its
// standard input it measures for SECONDS and prints a Shown as JSON.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster } from '../../server/kafka/cluster.ts';
import { createEnds } from '../../server/kafka/ends.ts';
import { createFetcher } from '../../server/kafka/fetcher.ts';
import { systemClock as clock } from '../../server/log/clock.ts';
import { createGroupAverages } from '../../server/orders/group-averages.ts';
import { SHOWN_EVERY_MS, SINGLE_WAIT_MS } from '../../server/service/connections.ts';
import { createGroupView } from '../../server/view/group-view.ts';
import { silentLogger as logger } from '../fixtures/silent-logger.ts';

export type Shown = {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of records, and the answers they came in. */
  readonly bytes: number;
  readonly answers: number;
  readonly checkpoints: number;
};

const {
  BROKERS = '',
  GROUP = '',
  PARTITIONS,
  INSTANCES,
  INDEX,
  SECONDS,
  LOOKED,
  EACH,
} = process.env;
const LOOK_EVERY_MS = 100;
const kafka = createKafka({ brokers: BROKERS.split(','), clientId: 'bench', logger });
let counted = { bytes: 0, answers: 0, checkpoints: 0 };
const openReader = (habits: { maxWaitMs?: number; everyMs?: number }) =>
  createFetcher({
    ...{ cluster: createCluster(kafka), logger, random: Math.random },
    ...{ onState() {}, onPartition() {} },
    onFetched(_ms, bytes) {
      counted.bytes += bytes;
      counted.answers += 1;
    },
    ...habits,
  });
const ends = createEnds({ cluster: createCluster(kafka) });
const checkpointTopic = `${GROUP}-checkpoints`;
const samples = {
  reader: openReader({ maxWaitMs: SINGLE_WAIT_MS }),
  ends: (count: number) => ends.read(checkpointTopic, count),
};
const view = createGroupView({
  ...{ clock, logger, checkpointTopic, group: GROUP, deadLetterTopic: `${GROUP}-dlq` },
  reader: openReader(EACH === 'true' ? {} : { everyMs: SHOWN_EVERY_MS }),
  ...(EACH === 'true' ? {} : { samples }),
  ...{ deadLetterBufferSize: 1000, state: createGroupAverages(clock), idOf: () => null },
  onCheckpoint() {
    counted.checkpoints += 1;
  },
  onFailed(_tp, error) {
    throw error;
  },
});
const all = Array.from({ length: Number(PARTITIONS) }, (_, partition) => partition);
view.follow(all);
await view.caughtUp();
view.own(all.filter((partition) => partition % Number(INSTANCES) === Number(INDEX)));
setInterval(() => void (LOOKED === 'true' ? view.merge() : view.heads()), LOOK_EVERY_MS);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
counted = { bytes: 0, answers: 0, checkpoints: 0 };
const cpu = process.cpuUsage();
const startedAt = performance.now();
await delay(Number(SECONDS) * 1000);
const { user, system } = process.cpuUsage(cpu);
const seconds = (performance.now() - startedAt) / 1000;
const shown: Shown = { seconds, cpuSeconds: (user + system) / 1e6, ...counted };
process.stdout.write(JSON.stringify(shown), () => process.exit(0));

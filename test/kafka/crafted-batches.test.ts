// Whatever Apache Kafka takes and serves is read, and what its own consumer reads of it, as that does.
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { projectRoot } from '../../server/cli/project-root.ts';
import { createKafka } from '../../server/kafka/client.ts';
import { type Cluster, createCluster } from '../../server/kafka/cluster.ts';
import { fetchExchange, produceExchange } from '../../server/kafka/protocol.ts';
import { openRecordSet } from '../../server/record-batch/reader.ts';
import type { KafkaRecord } from '../../server/record-batch/record.ts';
import { openRecord } from '../../server/record-batch/record-parts.ts';
import { type ApacheKafka, withApacheKafka } from '../fixtures/apache-kafka.ts';
import { runTool } from '../fixtures/run-tool.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { craftedBatches } from '../record-batch/crafted.ts';

const timeout = 300_000;
t.setTimeout(timeout);

const topic = 'crafted';
/** Every crafted batch has three records, at these offsets. */
const offsets = [0, 1, 2];
const notLeaderYet = 6;

/** A topic with a partition for every batch. */
async function openCrafted(t: Test, brokers: string): Promise<Cluster> {
  const logger = silentLogger;
  const kafka = createKafka({ brokers: [brokers], clientId: 'test', logger });
  const admin = kafka.admin();
  await admin.connect();
  const numPartitions = craftedBatches.length;
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions }] });
  await admin.disconnect();
  const cluster = createCluster(kafka);
  t.teardown(() => cluster.close());
  await cluster.refresh([topic]);
  return cluster;
}

/** Whether Kafka takes it. */
async function produce(cluster: Cluster, partition: number, batch: Buffer): Promise<boolean> {
  const tp = { topic, partition };
  for (;;) {
    const { error } = await cluster.send(
      cluster.leader(tp)!.node,
      produceExchange(tp, batch, 5000),
    );
    if (error !== notLeaderYet) return error === 0;
    await cluster.refresh([topic]);
  }
}

async function read(cluster: Cluster, partition: number): Promise<KafkaRecord[]> {
  const tp = { topic, partition };
  const limits = { maxWaitMs: 100, maxBytes: 2 ** 20, maxPartitionBytes: 2 ** 20 };
  const { node, epoch } = cluster.leader(tp)!;
  const exchange = fetchExchange([{ ...tp, offset: 0, epoch }], limits);
  const [answer] = await cluster.send(node, exchange);
  const cursor = openRecordSet(answer!, 0);
  const records: KafkaRecord[] = [];
  while (await cursor.nextBatch()) while (cursor.next()) records.push(openRecord(cursor.copy()));
  return records;
}

/** By partition, a line for every record that Kafka's own consumer delivers. */
async function readByJava({ installation, brokers }: ApacheKafka): Promise<Map<number, string[]>> {
  const source = fileURLToPath(new URL('test/fixtures/java/ReadRecords.java', projectRoot));
  const lines = await runTool('java', ['-cp', installation.classpath, source, brokers, topic]);
  const records = new Map<number, string[]>();
  for (const line of String(lines).split('\n')) {
    const [partition = '', what = '', ...rest] = line.split(' ');
    if (!/^\d+$/.test(what)) continue;
    const known = records.get(Number(partition)) ?? [];
    records.set(Number(partition), [...known, [what, ...rest].join(' ')]);
  }
  return records;
}

const hex = (bytes: Buffer | null) => (bytes === null ? 'null' : `x${bytes.toString('hex')}`);

t.test(
  'a batch with a right checksum that Kafka serves is read to its end',
  { timeout },
  async (t) => {
    const kafka = await withApacheKafka(t);
    if (kafka === undefined) return;
    const cluster = await openCrafted(t, kafka.brokers);
    const taken: number[] = [];
    for (const [partition, { bytes }] of craftedBatches.entries()) {
      if (await produce(cluster, partition, bytes)) taken.push(partition);
    }
    t.ok(taken.length > 60, `Kafka takes ${taken.length} of ${craftedBatches.length}`);
    const byJava = await readByJava(kafka);
    for (const partition of taken) {
      const { name } = craftedBatches[partition]!;
      const records = await read(cluster, partition);
      t.same(
        records.map(({ offset }) => offset),
        offsets,
        `${name}: every offset once, in order`,
      );
      const whole = records.filter(({ fault }) => fault === undefined);
      const ours = whole.map(({ offset, key, value }) => `${offset} ${hex(key)} ${hex(value)}`);
      const theirs = (byJava.get(partition) ?? []).filter((line) =>
        offsets.includes(Number(line.split(' ')[0])),
      );
      t.same(
        ours.filter((line) => theirs.includes(line)),
        theirs,
        `${name}: what Java reads, like Java`,
      );
    }
  },
);

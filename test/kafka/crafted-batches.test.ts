// What Apache Kafka takes and serves is read, and as Kafka's own consumer reads it.
import { fileURLToPath } from 'node:url';
import kafkajs from 'kafkajs';
import t from 'tap';
import { projectRoot } from '../../server/cli/project-root.ts';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster } from '../../server/kafka/cluster.ts';
import { fetchExchange, produceExchange } from '../../server/kafka/protocol.ts';
import { openRecordSet } from '../../server/record-batch/reader.ts';
import { openRecord } from '../../server/record-batch/record-parts.ts';
import { withApacheKafka } from '../fixtures/apache-kafka.ts';
import { runTool } from '../fixtures/run-tool.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { craftedBatches } from '../record-batch/crafted.ts';

const timeout = 300_000;
t.setTimeout(timeout);
const topic = 'crafted';

t.test('crafted', { timeout }, async (t) => {
  const kafka = await withApacheKafka(t);
  if (kafka === undefined) return;
  const client = createKafka({
    brokers: [kafka.brokers],
    ssl: false,
    clientId: 'test',
    logger: silentLogger,
  });
  const admin = client.admin();
  await admin.connect();
  t.teardown(() => admin.disconnect());
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions: craftedBatches.length }],
  });
  const cluster = createCluster(client);
  t.teardown(() => cluster.close());
  await cluster.refresh([topic]);
  const accepted: number[] = [];
  const errs: Record<string, number> = {};
  for (const [partition, { name, bytes }] of craftedBatches.entries()) {
    const tp = { topic, partition };
    let error = 6;
    while (error === 6) {
      ({ error } = await cluster.send(cluster.leader(tp)!, produceExchange(tp, bytes, 5000)));
      if (error === 6) await cluster.refresh([topic]);
    }
    if (error === 0) accepted.push(partition);
    errs[name] = error;
  }
  const source = fileURLToPath(new URL('test/fixtures/java/ReadRecords.java', projectRoot));
  const out = String(
    await runTool('java', ['-cp', kafka.installation.classpath, source, kafka.brokers, topic]),
  );
  const byJava = new Map<number, string[]>();
  for (const line of out.split('\n').filter(Boolean)) {
    const [p, ...rest] = line.split(' ');
    byJava.set(Number(p), [...(byJava.get(Number(p)) ?? []), rest.join(' ')]);
  }
  const hex = (b: Buffer | null) => (b === null ? 'null' : `x${b.toString('hex')}`);
  for (const partition of accepted) {
    const tp = { topic, partition };
    const [part] = await cluster.send(
      cluster.leader(tp)!,
      fetchExchange([{ ...tp, offset: 0 }], {
        maxWaitMs: 100,
        maxBytes: 1e6,
        maxPartitionBytes: 1e6,
      }),
    );
    const ours: string[] = [];
    try {
      const cursor = openRecordSet(part!, 0);
      while (await cursor.nextBatch())
        while (cursor.next()) {
          const { offset, key, value } = openRecord(cursor.copy());
          ours.push(`${offset} ${hex(key)} ${hex(value)}`);
        }
    } catch (error) {
      ours.push((error as Error).message);
    }
    const java = byJava.get(partition) ?? [];
    const same = JSON.stringify(java) === JSON.stringify(ours);
    console.log(
      same ? 'SAME' : 'DIFF',
      craftedBatches[partition]!.name,
      same ? java.length : JSON.stringify({ java, ours }, null, 1),
    );
  }
  for (const [name, e] of Object.entries(errs)) if (e !== 0) console.log('REFUSED', name, e);
  void kafkajs;
});

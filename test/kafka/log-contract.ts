// What reading and writing logs must do, on whatever broker.
import type { Test } from 'tap';
import { createAppender } from '../../server/kafka/appender.ts';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster } from '../../server/kafka/cluster.ts';
import { createFetcher, type Fetcher } from '../../server/kafka/fetcher.ts';
import type { Bounds, LogReader, LogWriter, TopicPartition } from '../../server/log/ports.ts';
import { openRecordSet } from '../../server/record-batch/reader.ts';
import type { KafkaRecord, RecordContent } from '../../server/record-batch/record.ts';
import { openRecord } from '../../server/record-batch/record-parts.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

export type Logs = {
  readonly reader: Fetcher;
  readonly writer: LogWriter;
  /** A new topic, unlike any other. */
  topic(options?: { partitions?: number; config?: Record<string, string> }): Promise<string>;
  /** Deletes a topic and makes one of the same name, of which a broker may hear a little later. */
  remake(topic: string): Promise<void>;
  /** Deletes the records below an offset. */
  deleteBelow(tp: TopicPartition, offset: number): Promise<void>;
  /** What the reader said about Kafka, the latest last. */
  readonly states: { up: boolean; error?: unknown }[];
  /** The bytes of each answer to a fetch. */
  readonly fetched: number[];
  /** How many appends have failed and may be repeated. */
  repeatable(): number;
};

/** A reader and a writer that live until the end of the test. */
export async function openLogs(t: Test, brokers: string): Promise<Logs> {
  const kafka = createKafka({
    brokers: [brokers],
    clientId: 'log-contract',
    logger: silentLogger,
  });
  const states: { up: boolean; error?: unknown }[] = [];
  const fetched: number[] = [];
  let repeatable = 0;
  const reader = createFetcher({
    cluster: createCluster(kafka),
    logger: silentLogger,
    random: Math.random,
    onState: (up, error) => void states.push({ up, error }),
    onPartition: () => {},
    onFetched: (_ms, bytes) => void fetched.push(bytes),
  });
  const writer = createAppender({
    cluster: createCluster(kafka),
    onFailed() {
      repeatable += 1;
    },
  });
  const admin = kafka.admin();
  t.teardown(async () => {
    await Promise.all([reader.close(), writer.close(), admin.disconnect()]);
  });
  await admin.connect();
  return {
    reader,
    writer,
    states,
    fetched,
    repeatable: () => repeatable,
    async topic({ partitions = 1, config = {} } = {}) {
      const topic = `log-contract-${process.hrtime.bigint()}`;
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
      await admin.createTopics({
        topics: [{ topic, numPartitions: partitions, configEntries }],
        waitForLeaders: true,
      });
      return topic;
    },
    async remake(topic) {
      await admin.deleteTopics({ topics: [topic] });
      await admin.createTopics({ topics: [{ topic }], waitForLeaders: false });
    },
    async deleteBelow({ topic, partition }, offset) {
      // The admin client does not know the leader before it was asked for something else.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: `${offset}` }] });
    },
  };
}

/** A record with nothing but a value; of today, or retention might take it away. */
export function content(value: string | Buffer | null): RecordContent {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return { timestamp: Date.now(), key: null, value: bytes, headers: [] };
}

/** Follows from `from` until `enough`; fails when the following ends by itself. */
export function collect(
  reader: LogReader,
  tp: TopicPartition,
  from: number,
  enough: (records: readonly KafkaRecord[]) => boolean,
): Promise<KafkaRecord[]> {
  return new Promise((resolve, reject) => {
    const records: KafkaRecord[] = [];
    let position = from;
    const following = reader.follow(tp, from, {
      async records(set) {
        const cursor = openRecordSet(set, position);
        while (await cursor.nextBatch())
          while (cursor.next()) records.push(openRecord(cursor.copy()));
        position = cursor.nextOffset;
        if (!enough(records)) return;
        following.close();
        resolve(records);
      },
      outOfRange: (at) => reject(new Error(`${at} is out of range`)) ?? at,
      failed: reject,
    });
  });
}

const values = (records: readonly KafkaRecord[]) => records.map((r) => r.value?.toString() ?? null);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

export function logContract(t: Test, { brokers }: { brokers: string }): void {
  t.test('what is appended is read, from any offset on', async (t) => {
    const { reader, writer, topic, fetched } = await openLogs(t, brokers);
    const tp = { topic: await topic(), partition: 0 };
    t.equal(
      await writer.append(
        tp,
        range(0, 3).map((i) => content(`${i}`)),
      ),
      0,
    );
    t.equal(
      await writer.append(
        tp,
        range(3, 5).map((i) => content(`${i}`)),
      ),
      3,
    );
    t.same(await reader.bounds(tp), { low: 0, high: 5 });
    for (const from of [0, 1, 3, 4]) {
      const before = fetched.length;
      const records = await collect(reader, tp, from, (seen) => seen.length === 5 - from);
      t.same(
        records.map((r) => r.offset),
        range(from, 5),
      );
      t.same(values(records), range(from, 5).map(String));
      t.ok(
        fetched.slice(before).some((bytes) => bytes > 0),
        'and how much it was is told',
      );
    }
  });

  t.test('every byte of a record arrives, whatever it is', async (t) => {
    const { reader, writer, topic } = await openLogs(t, brokers);
    const tp = { topic: await topic(), partition: 0 };
    const names = ['a', '__proto__', 'constructor', 'a', '', 'h\u00e9', 'a'];
    const headers = names.map((name, i) => ({
      key: Buffer.from(name),
      value: i % 2 === 0 ? Buffer.from([i, 255]) : null,
    }));
    const odd = [
      { timestamp: Date.now(), key: Buffer.from([0, 255]), value: null, headers },
      { timestamp: Date.now() - 1000, key: null, value: Buffer.alloc(0), headers: [] },
    ];
    await writer.append(tp, odd);
    const records = await collect(reader, tp, 0, (seen) => seen.length === 2);
    t.same(
      records,
      odd.map((record, offset) => ({ offset, ...record })),
    );
  });

  t.test(
    'a follower at the end hears of new records, and of the watermarks meanwhile',
    async (t) => {
      const { reader, writer, topic } = await openLogs(t, brokers);
      const tp = { topic: await topic(), partition: 0 };
      await writer.append(tp, [content('before')]);
      const heard = await new Promise<{ high: number; stable: number }>((resolve, reject) => {
        const following = reader.follow(tp, 1, {
          async records({ bytes, highWatermark: high, lastStableOffset: stable }) {
            if (bytes.length === 0) resolve({ high, stable });
            following.close();
          },
          outOfRange: (at) => at,
          failed: reject,
        });
      });
      t.same(heard, { high: 1, stable: 1 });
      const later = collect(reader, tp, 1, (seen) => seen.length === 1);
      await writer.append(tp, [content('after')]);
      t.same(values(await later), ['after']);
    },
  );

  t.test('sets arrive one at a time, in order, also when a follower is slow', async (t) => {
    const { reader, writer, topic } = await openLogs(t, brokers);
    const tp = { topic: await topic(), partition: 0 };
    const large = 'x'.repeat(100_000);
    for (const _ of range(0, 12))
      await writer.append(
        tp,
        range(0, 5).map(() => content(large)),
      );
    let running = 0;
    let position = 0;
    await new Promise<void>((resolve, reject) => {
      const following = reader.follow(tp, 0, {
        async records(set) {
          running += 1;
          t.equal(running, 1);
          const cursor = openRecordSet(set, position);
          while (await cursor.nextBatch())
            while (cursor.next()) if (cursor.offset !== position++) reject(new Error('a gap'));
          // As long as another answer takes to arrive.
          await reader.bounds(tp);
          running -= 1;
          if (position < 60) return;
          following.close();
          resolve();
        },
        outOfRange: (at) => at,
        failed: reject,
      });
    });
    t.equal(position, 60);
  });

  t.test('many partitions and many followers of one are all served', async (t) => {
    const { reader, writer, topic } = await openLogs(t, brokers);
    const name = await topic({ partitions: 5 });
    const tps = range(0, 5).map((partition) => ({ topic: name, partition }));
    for (const tp of tps) await writer.append(tp, [content('a'), content('b'), content('c')]);
    const starts = tps.flatMap((tp) => [0, 1, 0, 2].map((from) => ({ tp, from })));
    const all = await Promise.all(
      starts.map(({ tp, from }) => collect(reader, tp, from, (seen) => seen.length === 3 - from)),
    );
    t.same(
      all.map(values),
      starts.map(({ from }) => ['a', 'b', 'c'].slice(from)),
    );
  });

  t.test(
    'a batch above the limit of a fetch arrives beside partitions that never dry up',
    async (t) => {
      const { reader, writer, topic } = await openLogs(t, brokers);
      const name = await topic({ partitions: 3, config: { 'max.message.bytes': '8388608' } });
      const [busy, other, large] = range(0, 3).map((partition) => ({ topic: name, partition }));
      const filler = range(0, 10).map(() => content('x'.repeat(90_000)));
      for (const tp of [busy!, other!])
        for (const _ of range(0, 8)) await writer.append(tp, filler);
      await writer.append(large!, [content(Buffer.alloc(5_000_000, 'y'))]);
      // Whoever comes to the end begins again.
      let stopped = false;
      const drain = async (tp: TopicPartition) => {
        while (!stopped) await collect(reader, tp, 0, (seen) => seen.length === 80 || stopped);
      };
      const draining = Promise.all([drain(busy!), drain(other!)]);
      const [record] = await collect(reader, large!, 0, (seen) => seen.length === 1);
      stopped = true;
      await draining;
      t.equal(record?.value?.length, 5_000_000);
    },
  );

  t.test('a position outside of the log is for the follower to decide', async (t) => {
    const { reader, writer, topic, deleteBelow } = await openLogs(t, brokers);
    const tp = { topic: await topic(), partition: 0 };
    for (const i of range(0, 10)) await writer.append(tp, [content(`${i}`)]);
    await deleteBelow(tp, 6);
    t.same(await reader.bounds(tp), { low: 6, high: 10 });
    const asked: [number, Bounds][] = [];
    const offsets = await new Promise<number[]>((resolve, reject) => {
      const seen: number[] = [];
      let position = 2;
      const following = reader.follow(tp, position, {
        async records(set) {
          const cursor = openRecordSet(set, position);
          while (await cursor.nextBatch()) while (cursor.next()) seen.push(cursor.offset);
          position = cursor.nextOffset;
          if (position < 10) return;
          following.close();
          resolve(seen);
        },
        outOfRange(at, bounds) {
          asked.push([at, bounds]);
          position = bounds.low;
          return position;
        },
        failed: reject,
      });
    });
    t.same(asked, [[2, { low: 6, high: 10 }]]);
    t.same(offsets, [6, 7, 8, 9]);
    const beyond = new Promise((resolve) => {
      reader.follow(tp, 99, {
        records: async () => {},
        outOfRange(at) {
          throw new Error(`there is no ${at}`);
        },
        failed: resolve,
      });
    });
    t.match(await beyond, { message: 'there is no 99' });
  });

  t.test('a follower that fails ends alone, one that is closed hears nothing more', async (t) => {
    const { reader, writer, topic } = await openLogs(t, brokers);
    const tp = { topic: await topic(), partition: 0 };
    await writer.append(tp, [content('a')]);
    const failed = new Promise((resolve) => {
      reader.follow(tp, 0, {
        records: async () => {
          throw new Error('no good');
        },
        outOfRange: (at) => at,
        failed: resolve,
      });
    });
    const closed = reader.follow(tp, 0, {
      records: async () => void t.fail('delivered after the close'),
      outOfRange: (at) => at,
      failed: () => t.fail('failed after the close'),
    });
    closed.close();
    t.match(await failed, { message: 'no good' });
    t.same(values(await collect(reader, tp, 0, (seen) => seen.length === 1)), ['a']);
  });

  t.test('records that are too large are refused for good, and nothing is written', async (t) => {
    const { reader, writer, topic } = await openLogs(t, brokers);
    const tp = { topic: await topic(), partition: 0 };
    await t.rejects(writer.append(tp, [content(Buffer.alloc(2_000_000))]), {
      code: 'RECORD_TOO_LARGE',
      retriable: false,
    });
    t.same(await reader.bounds(tp), { low: 0, high: 0 });
  });

  t.test('an append to a topic that is not there may succeed later', async (t) => {
    const { writer, repeatable } = await openLogs(t, brokers);
    const tp = { topic: 'log-contract-nowhere', partition: 0 };
    t.match(await writer.append(tp, [content('a')]).catch((error) => error), { retriable: true });
    t.equal(repeatable(), 1, 'and is told as one that will be repeated');
  });
}

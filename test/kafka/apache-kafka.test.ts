import t from 'tap';
import { systemClock as clock } from '../../server/log/clock.ts';
import type { Subscription } from '../../server/log/ports.ts';
import { createProgress } from '../../server/log/progress.ts';
import { openRecordSet } from '../../server/record-batch/reader.ts';
import { persist } from '../../server/task/persist.ts';
import { withApacheKafka } from '../fixtures/apache-kafka.ts';
import { joinByJava, produceTransactions } from '../fixtures/java.ts';
import { withKcat } from '../fixtures/kcat.ts';
import type { Codec } from '../fixtures/other-client.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { until } from '../fixtures/until.ts';
import { collect, content, logContract, openLogs } from './log-contract.ts';
import { membershipContract, withGroup } from './membership-contract.ts';

// A broker is started, killed and started again, and Java's clients take their time.
const timeout = 300_000;
t.setTimeout(timeout);

t.test('the log contract on Apache Kafka', { timeout }, async (t) => {
  const kafka = await withApacheKafka(t);
  if (kafka === undefined) return;
  logContract(t, kafka);
  membershipContract(t, kafka.brokers);

  t.test('a topic keeps its id, and a new one of the same name has another', async (t) => {
    const { reader, topic, remake } = await openLogs(t, kafka.brokers);
    const name = await topic();
    const id = await reader.topicId(name);
    t.match(id, /^[0-9a-f]{32}$/);
    t.equal(await reader.topicId(name), id);
    await remake(name);
    const next = await until(
      'the broker has heard of it',
      () => reader.topicId(name),
      (found) => found !== id,
    );
    t.match(next, /^[0-9a-f]{32}$/);
  });

  t.test('a member of the newer group protocol (KIP-848) shares a group with us', async (t) => {
    for (const first of ['ours', 'theirs'] as const) {
      const { topic, join } = await withGroup(t, kafka.brokers);
      const member = join();
      if (first === 'ours') {
        await member.start();
        await member.member();
      }
      const other = joinByJava(t, kafka.installation, kafka.brokers, topic);
      if (first === 'theirs') {
        await other.assigned((count) => count === 3);
        await member.start();
      }
      await other.assigned((count) => count === 1 || count === 2);
      await until(
        'both have a share of the three',
        async () => [member.owned.at(-1)?.length, other.counts.at(-1)],
        ([ours = 0, theirs = 0]) => ours > 0 && theirs > 0 && ours + theirs === 3,
      );
      t.match(member.states, [{ member: true }]);
      t.equal(member.states.length, 1, `never out of the group, ${first} first`);
      other.kill();
    }
  });

  t.test('records of a clock that is two hours ahead are written without a time', async (t) => {
    const { reader, writer, topic } = await openLogs(t, kafka.brokers);
    const tp = { topic: await topic(), partition: 0 };
    const early = { ...content('early'), timestamp: clock.now() + 7_200_000 };
    await t.rejects(writer.append(tp, [early]), { code: 'INVALID_TIMESTAMP', retriable: true });
    const progress = createProgress(clock);
    const deps = { writer, clock, random: Math.random, logger: silentLogger, progress };
    t.equal(await persist(deps, tp, [early, early], new AbortController().signal), 0);
    const records = await collect(reader, tp, 0, (seen) => seen.length === 2);
    t.match(records, [{ timestamp: -1 }, { timestamp: -1 }]);
    t.match(progress.notes(), [/clock of this machine may be wrong/]);
  });

  t.test('records of another client are read, whatever the codec', async (t) => {
    const kcat = await withKcat(t, kafka.brokers);
    if (kcat === undefined) return;
    const { reader, topic } = await openLogs(t, kafka.brokers);
    const tp = { topic: await topic(), partition: 0 };
    const sent = Array.from({ length: 500 }, (_, i) => ({
      key: Buffer.from(`key ${i % 7}`),
      value: Buffer.from(`value ${i} `.repeat(20)),
    }));
    const codecs: Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
    for (const codec of codecs) await kcat.produce(tp.topic, sent, { codec });
    const records = await collect(reader, tp, 0, (seen) => seen.length === codecs.length * 500);
    t.same(
      records.map(({ offset, key, value }) => ({ offset, key, value })),
      codecs.flatMap(() => sent).map((record, offset) => ({ offset, ...record })),
    );
  });

  t.test(
    'aborted transactions are never delivered, to an early reader or a late one',
    async (t) => {
      const { reader, writer, topic } = await openLogs(t, kafka.brokers);
      const name = await topic({ partitions: 2 });
      const tps = [0, 1].map((partition) => ({ topic: name, partition }));
      // A last plain record tells the readers that they have seen everything.
      const isEnd = (value: Buffer | null | undefined) => value?.toString() === 'end';
      const readAll = () =>
        Promise.all(tps.map((tp) => collect(reader, tp, 0, (seen) => isEnd(seen.at(-1)?.value))));
      const early = readAll();
      await produceTransactions(kafka.installation, kafka.brokers, name, {
        rounds: 5,
        perRound: 40,
      });
      for (const tp of tps) await writer.append(tp, [content('end')]);
      for (const partitions of [await early, await readAll()]) {
        const orders = partitions.flat().filter(({ value }) => !isEnd(value));
        t.equal(orders.length, 5 * 40);
        t.notOk(orders.some(({ value }) => value?.includes('Aborted')));
      }
    },
  );

  t.test('a broker that dies and comes back costs no record', { timeout }, async (t) => {
    const { reader, writer, topic, states } = await openLogs(t, kafka.brokers);
    const tp = { topic: await topic(), partition: 0 };
    const expected = 300;
    let appended = 0;
    const append = async () => {
      // The outcome of a failed append is unknown: the value tells what is a repetition of ours.
      while (appended < expected)
        await writer.append(tp, [content(`${appended}`)]).then(
          () => appended++,
          () => reader.bounds(tp),
        );
    };
    const offsets: number[] = [];
    const seen = new Set<string>();
    let position = 0;
    let following: Subscription | undefined;
    const following300 = new Promise<void>((resolve, reject) => {
      following = reader.follow(tp, 0, {
        async records(set) {
          const cursor = openRecordSet(set, position);
          while (await cursor.nextBatch())
            while (cursor.next()) {
              offsets.push(cursor.offset);
              seen.add(cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd));
            }
          position = cursor.nextOffset;
          if (seen.size === expected) resolve();
        },
        outOfRange: (at, { low, high }) => {
          throw new Error(`${at} is not within ${low} and ${high}`);
        },
        failed: reject,
      });
    });
    const appending = append();
    while (appended < 100) await reader.bounds(tp);
    await kafka.kill();
    await kafka.restart();
    await appending;
    await following300;
    following?.close();
    t.same(
      offsets,
      offsets.map((_, i) => i),
    );
    t.ok(
      states.some(({ up }) => !up),
      'the loss was noticed',
    );
    t.match(states.find(({ up }) => !up)?.error, {
      message: /ECONNREFUSED|ECONNRESET|[Cc]losed|connected/,
    });
    t.equal(states.at(-1)?.up, true);
  });
});

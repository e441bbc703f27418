import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { AppError } from '../../server/errors.ts';
import { type DeadLetterCause, readOrigin } from '../../server/log/dead-letter.ts';
import { CORE_REASONS } from '../../server/log/fault.ts';
import { nameOf } from '../../server/log/ports.ts';
import { createProgress } from '../../server/log/progress.ts';
import { readRange } from '../../server/log/walk.ts';
import type { KafkaRecord, RecordContent, StoredRecord } from '../../server/record-batch/record.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { createDeadLetterOutbox } from '../../server/task/outbox.ts';
import { type Pending, pendingRecord } from '../../server/task/pending.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { memoryLogs } from '../fixtures/memory-log.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { until } from '../fixtures/until.ts';

const source = { topic: 'orders', partition: 0 };
const target = { topic: 'orders-dlq', partition: 0 };
const cause: DeadLetterCause = {
  reason: CORE_REASONS.PERMANENT,
  text: 'PERMANENT: no',
  exceptionClass: 'Error',
  exceptionMessage: 'no',
  attempts: 1,
  firstFailedAt: 1,
  lastFailedAt: 2,
};

type Content = Partial<RecordContent>;

/** An outbox whose topic takes batches of up to `limit` bytes, as Kafka counts them. */
function world(t: Test, options: { limit: number; refuses?: (record: RecordContent) => boolean }) {
  const clock = manualClock();
  const memory = memoryLogs();
  const topic = { ...options };
  const pending = new Set<Pending>();
  const problems: (string | null)[] = [];
  const failures: unknown[] = [];
  const batches: { records: number; bytes: number; compressed: boolean; taken: boolean }[] = [];
  let offset = 0;
  const outbox = createDeadLetterOutbox({
    source,
    target,
    author: { group: 'g', app: 'test', instance: 'i' },
    traceOf: () => [],
    writer: {
      async append(tp, records, { compressed } = { compressed: false }) {
        const compression = { codec: 1, deflate: (body: Buffer) => gzipSync(body) };
        const { length: bytes } = encodeBatch(records, compressed ? { compression } : {});
        const taken = bytes <= topic.limit && !records.some((each) => topic.refuses?.(each));
        batches.push({ records: records.length, bytes, compressed, taken });
        if (taken) return memory.append(tp, records);
        const code = bytes > topic.limit ? 'RECORD_TOO_LARGE' : 'INVALID_RECORD';
        throw new AppError(code, `${nameOf(tp)} refuses ${bytes} bytes`, false);
      },
    },
    clock,
    random: () => 0.5,
    logger: silentLogger,
    isPending: (order) => pending.has(order),
    progress: createProgress(clock),
    onProblem: (words) => problems.push(words),
    onFailed: (error) => failures.push(error),
  });
  t.teardown(() => outbox.close());

  return {
    clock,
    topic,
    outbox,
    pending,
    problems,
    failures,
    batches,
    /** Gives an order up; `kept` is what its reader knows of it. */
    async giveUp(content: Content, kept: Partial<StoredRecord> = {}): Promise<void> {
      const record = { timestamp: 1, key: null, value: null, headers: [], ...content };
      memory.append(source, [record]);
      const orders: Pending[] = [];
      const range = { from: offset, to: offset + 1 };
      const { signal } = new AbortController();
      await readRange({ reader: memory.reader, clock, signal }, source, range, (cursor) => {
        orders.push(pendingRecord({ ...cursor.copy(), ...kept }, null, clock.now()));
      });
      offset += 1;
      pending.add(orders[0]!);
      outbox.send(orders[0]!, cause);
    },
    /** The dead letters, when there are so many. */
    arrived: (count: number) =>
      until(
        `${count} dead letters`,
        () => memory.read(target),
        ({ length }) => length >= count,
      ),
    /** When the last words on what is wrong are these. */
    told: (words: RegExp | null) =>
      until(
        `${words} to be told`,
        async () => problems.at(-1),
        (last) => (words === null ? last === null : words.test(last ?? '')),
      ),
  };
}

/** Bytes that no codec makes smaller. */
function noise(length: number): Buffer {
  let state = 1;
  const bytes = Uint8Array.from({ length }, () => {
    state = (state * 48_271) % 0x7fffffff;
    return state >> 8;
  });
  return Buffer.from(bytes);
}

const said = (record: KafkaRecord, name: string) =>
  record.headers
    .findLast(({ key }) => key.toString() === `orders.errors.${name}`)
    ?.value?.toString();
const origins = (records: KafkaRecord[]) =>
  records.map(({ headers }) => readOrigin(headers)?.origin.offset);

t.test('what fits goes in one batch, as it was, in order', async (t) => {
  const { giveUp, arrived, batches } = world(t, { limit: 1_000_000 });
  for (let n = 0; n < 40; n += 1) await giveUp({ value: Buffer.from(`v${n}`) });
  t.same(
    (await arrived(40)).map(({ value }) => value?.toString()),
    Array.from({ length: 40 }, (_, n) => `v${n}`),
  );
  t.notOk(batches.some(({ compressed }) => compressed));
});

t.test('batches are filled by their real size', async (t) => {
  const { giveUp, arrived, batches } = world(t, { limit: 600_000 });
  const headers = [{ key: Buffer.from('trace'), value: noise(100_000) }];
  for (let n = 0; n < 20; n += 1) await giveUp({ value: Buffer.alloc(10), headers });
  await arrived(20);
  t.ok(batches.every(({ taken, records }) => taken && records <= 5));
});

t.test('a large value that is small when compressed goes whole', async (t) => {
  const { giveUp, arrived, batches } = world(t, { limit: 100_000 });
  const value = Buffer.alloc(3_000_000, 'v');
  await giveUp({ value: Buffer.from('small') }, { codec: 0 });
  await arrived(1);
  await giveUp({ value }, { codec: 0 });
  await arrived(2);
  await giveUp({ value: Buffer.from('small') }, { codec: 4 });
  const [, letter] = await arrived(3);
  t.ok(letter!.value!.equals(value));
  t.same(
    batches.map(({ compressed }) => compressed),
    [false, true, true],
    'large ones, and those that were',
  );
});

t.test('a value that does not fit even so is sent as its first bytes', async (t) => {
  const { giveUp, arrived, problems } = world(t, { limit: 100_000 });
  const value = noise(900_000);
  await giveUp({ value: Buffer.from('before') });
  await giveUp({ key: Buffer.from('k'), value });
  await giveUp({ value: Buffer.from('after') });
  const records = await arrived(3);
  t.same(origins(records), [0, 1, 2]);
  const [, letter] = records;
  t.ok(value.subarray(0, 65_536).equals(letter!.value!));
  t.equal(said(letter!, 'value.bytes'), '900000');
  t.match(said(letter!, 'value.sha256'), /^[0-9a-f]{64}$/);
  t.same(problems, []);
});

t.test('of a record with large headers or a large key these are cut, not its order', async (t) => {
  const { giveUp, arrived } = world(t, { limit: 80_000 });
  const value = noise(60_000);
  const headers = [
    { key: Buffer.from('large'), value: noise(300_000) },
    { key: Buffer.from('small'), value: Buffer.from('x') },
  ];
  await giveUp({ value, headers });
  await giveUp({ value, key: noise(300_000) });
  const [first, second] = await arrived(2);
  t.ok(first!.value!.equals(value) && second!.value!.equals(value));
  t.match(said(first!, 'headers.left-out'), /^large \(300005 bytes\)/);
  t.equal(first!.headers[0]!.key.toString(), 'small');
  t.equal(second!.key?.length, 1024);
  t.equal(said(second!, 'key.bytes'), '300000');
});

t.test('a record with headers beyond number goes without them', async (t) => {
  const { giveUp, arrived } = world(t, { limit: 1_000_000 });
  const headers = Array.from({ length: 300_000 }, () => ({ key: Buffer.alloc(0), value: null }));
  await giveUp({ value: Buffer.from('v'), headers });
  const [letter] = await arrived(1);
  t.ok(letter!.headers.length < 30);
  t.equal(said(letter!, 'headers.left-out'), 'all 300000');
});

t.test('an order whose letter is refused in every form waits alone, with words', async (t) => {
  const { giveUp, arrived, told, problems, failures, topic, clock } = world(t, { limit: 50_000 });
  await giveUp({ value: Buffer.from('a') });
  await giveUp({ value: noise(60_000) });
  await giveUp({ value: Buffer.from('b') });
  t.same(origins(await arrived(2)), [0, 2], 'the others go on');
  await told(/1 orders of orders\[0\] wait.*at offset 1: orders-dlq\[0\] refuses/);
  t.equal(problems.length, 1);
  t.same(failures, []);
  topic.limit = 1_000_000;
  await clock.advance(5000);
  t.same(origins(await arrived(3)), [0, 2, 1], 'once the topic was changed it goes too');
  await told(null);
});

t.test('a refusal for another reason than its size holds up one order as well', async (t) => {
  const { giveUp, arrived, told, pending, clock } = world(t, {
    limit: 1_000_000,
    refuses: ({ value }) => value?.toString() === 'poison',
  });
  for (const text of ['a', 'b', 'poison', 'c', 'd']) await giveUp({ value: Buffer.from(text) });
  t.same(origins(await arrived(4)), [0, 1, 3, 4]);
  await told(/offset 2/);
  for (const order of pending) if (order.record.offset === 2) pending.delete(order);
  await clock.advance(5000);
  await told(null);
});

t.test('an outbox that is closed takes its words along and sends nothing more', async (t) => {
  const { giveUp, told, outbox, batches, clock } = world(t, { limit: 10 });
  await giveUp({ value: Buffer.from('a') });
  await told(/offset 0/);
  outbox.close();
  await told(null);
  const { length } = batches;
  await clock.advance(1_000_000);
  t.equal(batches.length, length);
});

t.test('a refusal that comes after the close is not told', async (t) => {
  const { giveUp, outbox, batches, problems, failures, clock } = world(t, {
    limit: 1_000_000,
    refuses() {
      outbox.close();
      return true;
    },
  });
  await giveUp({ value: Buffer.from('a') });
  await until(
    'it was refused',
    async () => batches.length,
    (count) => count === 1,
  );
  await clock.advance(1_000_000);
  t.same([problems, failures, batches.length], [[], [], 1]);
});

// The instruments of the other tests, tried on what is known.
import t from 'tap';
import { openOrderProducer } from '../server/kafka/order-producer.ts';
import { withApacheKafka } from './fixtures/apache-kafka.ts';
import { readAvroCorpus } from './fixtures/corpus.ts';
import { consumeByJava, produceByJava, produceTransactions } from './fixtures/java.ts';
import { withKcat } from './fixtures/kcat.ts';
import { average, expected, judge } from './fixtures/oracle.ts';
import { parseEvents } from './fixtures/server-sent-events.ts';

t.test('the oracle gives each value of the corpus its reason', async (t) => {
  for (const { name, value, expect } of readAvroCorpus()) {
    const verdict = judge(value);
    t.equal('reason' in verdict ? verdict.reason : 'OK', expect, name);
  }
});

t.test('the oracle adds up exactly, each product apart', async (t) => {
  const order = (product: string, price: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(price);
    const text = (s: string) => Buffer.from([s.length * 2, ...Buffer.from(s)]);
    return Buffer.concat([text('A1'), text(product), bytes]);
  };
  const values = [
    order('P1', 0.1),
    order('P1', 0.2),
    order('__proto__', 1e9),
    null,
    order('P2', -1),
  ];
  const records = values.map((value, offset) => ({ partition: 0, offset, key: null, value }));
  const { total, perProduct, bad } = expected(records);

  t.strictSame(total, { count: 3, sum: 10_000_000_003_000n });
  t.strictSame(perProduct.get('P1'), { count: 2, sum: 3000n });
  t.equal(average(perProduct.get('P1')!), 0.15);
  t.equal(average({ count: 0, sum: 0n }), 0);
  t.strictSame(
    [...bad],
    [
      ['0-3', 'TOMBSTONE'],
      ['0-4', 'PRICE_NEGATIVE'],
    ],
  );
});

t.test('events are read whole, however they are cut', async (t) => {
  const text =
    'retry: 1000\n\n: hello\n\nevent: delta\nid: 1-2\ndata: {"a":1}\n\ndata:x\r\ndata: y\r\n\r\nend';
  for (const size of [1, 7, text.length]) {
    const pieces = (async function* () {
      for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
    })();
    const events = [];
    for await (const event of parseEvents(pieces)) events.push(event);
    t.strictSame(events, [
      { event: 'delta', data: '{"a":1}', id: '1-2' },
      { event: 'message', data: 'x\ny', id: undefined },
    ]);
  }
});

t.test('on Apache Kafka', async (t) => {
  const kafka = await withApacheKafka(t);
  if (kafka === undefined) return;
  const kcat = await withKcat(t, kafka.brokers);
  if (kcat === undefined) return;
  const { brokers, installation } = kafka;
  const connection = { brokers: [brokers] };
  const open = async (topic: string) => {
    const producer = await openOrderProducer({
      connection,
      topic,
      partitions: 2,
      trouble: t.comment,
    });
    t.teardown(() => producer.close());
    return producer;
  };

  t.test('kcat reads back what the generator sends, byte by byte', async (t) => {
    const orders = readAvroCorpus().map(({ name, value }) => ({ key: Buffer.from(name), value }));
    const sent = [...orders, { key: Buffer.from('tombstone'), value: null }];
    const producer = await open('corpus');
    await producer.send(sent);
    const byKey = (a: { key: Buffer | null }, b: { key: Buffer | null }) =>
      Buffer.compare(a.key!, b.key!);
    const read = (await kcat.read('corpus')).map(({ key, value }) => ({ key, value }));
    t.strictSame(read.sort(byKey), sent.sort(byKey));
  });

  t.test('kcat sends any bytes with any codec', async (t) => {
    await open('codecs');
    const records = [
      { key: Buffer.from('a\nb'), value: Buffer.from([0, 10, 255]) },
      { key: Buffer.from('c'), value: Buffer.alloc(2000, 'x') },
      { key: Buffer.from('d'), value: Buffer.alloc(0) },
    ];
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      await kcat.produce('codecs', records, { codec, partition: 1, headers: ['n=1', 'n=2'] });
    }
    const read = await kcat.read('codecs', 1);
    t.strictSame(
      read.map(({ key, value }) => ({ key, value })),
      Array.from({ length: 5 }, () => records).flat(),
    );
    const headers = await kcat.readHeaders('codecs');
    t.equal(headers.size, 15);
    t.strictSame(headers.get('1-14'), [
      ['n', '1'],
      ['n', '2'],
    ]);
  });

  t.test("Kafka's console tools write and read text", async (t) => {
    await open('console');
    await produceByJava(installation, brokers, 'console', ['a:1', 'b:2', 'c:3']);
    const lines = await consumeByJava(installation, brokers, 'console', 3);
    t.strictSame(lines.sort(), ['a:1', 'b:2', 'c:3']);
  });

  t.test('of mixed transactions only the committed orders are read', async (t) => {
    await open('transactions');
    await produceTransactions(installation, brokers, 'transactions', { rounds: 3, perRound: 4 });
    const read = await kcat.read('transactions');
    const { total, perProduct } = expected(read);
    t.strictSame(total, { count: 12, sum: 12n * 125_000n });
    t.strictSame([...perProduct.keys()], ['Committed']);
    const last = Math.max(...read.map(({ offset }) => offset));
    t.ok(last > 12, 'the log holds the aborted ones and the markers too');
  });
});

import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { projectRoot } from '../../server/cli/project-root.ts';
import { apis } from '../../server/dev-broker/api/index.ts';
import { int16, int32 } from '../../server/dev-broker/fields.ts';
import { createReader } from '../../server/dev-broker/wire.ts';
import {
  encodeRequest,
  metadataOf,
  type RawClient,
  readAnswer,
  withDevBroker,
  withRawClient,
} from '../fixtures/dev-broker.ts';
import { makeBatch } from '../fixtures/log-batches.ts';

type Frame = { name: string; hex: string; expect: string };
type Batch = { name: string; hex: string; produce_expect: string };

function readCorpus<Case>(name: string): Case[] {
  const file = new URL(`test/fixtures/corpus/${name}.json`, projectRoot);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Every error code in an answer. */
function codesIn(value: unknown): number[] {
  if (Array.isArray(value)) return value.flatMap(codesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'error' ? [Number(inner)] : codesIn(inner),
  );
}

/** The codes in the answer to a frame; 'close' when there is none. */
async function outcomeOf(client: RawClient, request: Buffer): Promise<number[] | 'close'> {
  const frame = await client.send(request);
  if (frame === null) return 'close';
  const [key, version] = [request.readInt16BE(4), request.readInt16BE(6)];
  const reader = createReader(frame);
  int32.read(reader, 0);
  // A version that is not known is answered as version 0.
  if (key === 18 && version > 4) return [int16.read(reader, 0)];
  const api = apis.find((each) => each.key === key)!;
  const codes = codesIn(readAnswer(reader, api, version));
  return reader.failed() ? 'close' : codes;
}

async function stillServes(t: Test, client: RawClient): Promise<void> {
  t.match(await client.ask('ListGroups', {}), { error: 0 }, 'the connection goes on');
}

t.test('every malformed frame gets its answer', async (t) => {
  const { port } = await withDevBroker(t);
  for (const { name, hex, expect } of readCorpus<Frame>('kafka-frames')) {
    const client = await withRawClient(t, port);
    const outcome = await outcomeOf(client, Buffer.from(hex, 'hex'));
    const words = expect.replace('v0 reply, error ', '');
    const allowed = /^(close|\d+)( or \d+|\/\d+)?/.exec(words)![0].split(/ or |\//);
    if (/nothing stored/.test(expect)) t.same(outcome, [], `${name}: no topic, no code`);
    else if (outcome === 'close') t.ok(allowed.includes('close'), `${name}: close`);
    else
      t.same(
        outcome.filter((code) => !allowed.includes(`${code}`)),
        [],
        `${name}: ${expect}`,
      );
    if (outcome === 'close') t.equal(await client.send(Buffer.from('0')), null, 'for good');
    else await stillServes(t, client);
    client.close();
  }
});

/** What has to be sent before a batch, by its name. */
const before: Record<string, { producerEpoch: number; baseSequence: number }> = {
  'sequence gap: send seq 0, then this (seq 5)': { producerEpoch: 0, baseSequence: 0 },
  'older epoch: send epoch 1 first, then this with epoch 0': { producerEpoch: 1, baseSequence: 0 },
};

/** The first has all its records at one offset, the second belongs to a transaction nobody began. */
const refusedByKafka: Record<string, number> = {
  'gzip, 130 000 empty records': 87,
  'data record with key 00000000 in aborted txn': 53,
};

t.test('every damaged or odd batch gets the answer Kafka gives', async (t) => {
  const { port } = await withDevBroker(t);
  const client = await withRawClient(t, port);
  const topics = readCorpus<Batch>('record-batches').map((each, i) => ({
    ...each,
    topic: `t${i}`,
  }));
  for (const { name, hex, produce_expect, topic } of topics) {
    const produce = async (batch: Buffer) => {
      const partitions = [{ partition: 0, batch }];
      const request = { transactionalId: null, acks: -1, timeout: 0 };
      return codesIn(
        await client.ask('Produce', { ...request, topics: [{ name: topic, partitions }] }),
      );
    };
    await client.ask('Metadata', metadataOf(topic));
    const first = before[name];
    if (first) {
      const batch = makeBatch(1, 1, 0, { producerId: 7, ...first });
      t.same(await produce(batch), [0], `${name}: what comes before`);
    }
    const [code] = await produce(Buffer.from(hex, 'hex'));
    const refused = refusedByKafka[name];
    if (refused) t.equal(code, refused, name);
    else if (produce_expect.startsWith('ignored')) t.equal(code, 0, name);
    else t.ok(produce_expect.match(/\d+/g)!.includes(`${code}`), `${name}: ${code}`);
  }
});

t.test('what is not within the rules of a topic is refused', async (t) => {
  const { port } = await withDevBroker(t);
  const client = await withRawClient(t, port);
  const config = [{ name: 'max.message.bytes', value: '1000' }];
  const small = { name: 'small', partitions: 1, replicationFactor: -1, assignments: [], config };
  await client.ask('CreateTopics', { topics: [small], timeout: 0, dryRun: false });
  const produce = async (acks: number, batch: Buffer) => {
    const topics = [{ name: 'small', partitions: [{ partition: 0, batch }] }];
    return codesIn(
      await client.ask('Produce', { transactionalId: null, acks, timeout: 0, topics }),
    );
  };
  t.same(await produce(-1, makeBatch(1, 900)), [0]);
  t.same(await produce(-1, makeBatch(1, 1000)), [10]);
  t.same(await produce(2, makeBatch(1)), [21]);
  t.same(await produce(1, Buffer.alloc(0)), [87]);
});

t.test('acks = 0 is answered with silence, or the end of the connection', async (t) => {
  const { port } = await withDevBroker(t);
  const client = await withRawClient(t, port);
  await client.ask('Metadata', metadataOf('quiet'));
  const request = (batch: Buffer) =>
    encodeRequest('Produce', {
      transactionalId: null,
      acks: 0,
      timeout: 0,
      topics: [{ name: 'quiet', partitions: [{ partition: 0, batch }] }],
    });
  const answers = [
    await client.send(Buffer.concat([request(makeBatch(1)), encodeRequest('ListGroups', {})])),
    await client.send(request(Buffer.alloc(5))),
  ];
  t.not(answers[0], null, 'the next request is answered first');
  t.equal(answers[1], null);
});

t.test('a topic called __proto__ is a topic', async (t) => {
  const { port } = await withDevBroker(t);
  const client = await withRawClient(t, port);
  const named = { name: '__proto__', partitions: 1, replicationFactor: 1 };
  const topics = [{ ...named, assignments: [], config: [] }];
  t.match(await client.ask('CreateTopics', { topics, timeout: 0, dryRun: false }), {
    results: [{ error: 0 }],
  });
  const batch = makeBatch(3);
  const produced = await client.ask('Produce', {
    transactionalId: null,
    acks: 1,
    timeout: 0,
    topics: [{ name: '__proto__', partitions: [{ partition: 0, batch }] }],
  });
  t.match(produced, { topics: [{ name: '__proto__', partitions: [{ error: 0, baseOffset: 0 }] }] });
});

import t from 'tap';
import type { Cluster } from '../../server/kafka/cluster.ts';
import type { Exchange } from '../../server/kafka/exchange.ts';
import {
  checkpointFaults,
  deadLetterFaults,
  lossOf,
  mend,
  mustKeepAll,
} from '../../server/kafka/topic-checks.ts';
import type { Described } from '../../server/kafka/topic-settings.ts';
import { createWireReader, createWireWriter } from '../../server/kafka/wire.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

const MIB = 2 ** 20;

function topic(name: string, change: Record<string, string> = {}): Described {
  const settings = {
    'cleanup.policy': 'delete',
    'max.message.bytes': `${MIB}`,
    'retention.ms': '-1',
    'retention.bytes': '-1',
    ...change,
  };
  const entries = Object.entries(settings).map(
    ([each, value]) => [each, { value, own: true }] as const,
  );
  return { topic: name, settings: new Map(entries) };
}

const faultsOf = (letters: Record<string, string>, orders: Record<string, string> = {}) =>
  deadLetterFaults(
    topic('dlq', { 'max.message.bytes': `${2 * MIB}`, ...letters }),
    topic('orders', orders),
  ).map(({ name, wanted }) => `${name}=${wanted}`);

t.test('the dead-letter topic takes what orders takes and keeps it as long', async (t) => {
  t.same(faultsOf({}), []);
  t.same(faultsOf({ 'max.message.bytes': `${MIB}` }), [`max.message.bytes=${MIB + 65_536}`]);
  t.same(faultsOf({ 'retention.ms': '604800000' }), ['retention.ms=-1']);
  t.same(faultsOf({ 'retention.ms': '604800000' }, { 'retention.ms': '604800000' }), []);
  t.same(faultsOf({}, { 'retention.ms': '1000' }), [], 'longer is no fault');
  t.same(faultsOf({ 'retention.bytes': '9' }, { 'retention.bytes': '10' }), ['retention.bytes=10']);
  t.same(faultsOf({ 'retention.bytes': '9' }, { 'retention.bytes': '-1' }), ['retention.bytes=-1']);
});

t.test('compaction is refused in words, whatever stands beside it', async (t) => {
  t.equal(lossOf(topic('dlq')), null);
  for (const policy of ['compact', 'compact,delete']) {
    t.match(lossOf(topic('dlq', { 'cleanup.policy': policy })), `cleanup.policy=${policy}`);
  }
});

t.test('a checkpoint topic that loses records is refused, a small one is mended', async (t) => {
  const sound = topic('c', { 'max.message.bytes': `${8 * MIB}` });
  t.same(checkpointFaults(sound), []);
  t.match(checkpointFaults(topic('c')), [{ name: 'max.message.bytes', wanted: `${8 * MIB}` }]);
  for (const change of [{ 'cleanup.policy': 'compact' }, { 'retention.ms': '1' }]) {
    t.throws(() => checkpointFaults(topic('c', change)), { code: 'INCONSISTENT_STATE' });
  }
});

/** A cluster that gives this answer to the one request that it gets. */
function answering(answer: () => Buffer): { cluster: Cluster; sent: Buffer[] } {
  const sent: Buffer[] = [];
  const cluster = {
    leader: () => '1',
    async refresh() {},
    async send<T>(_node: unknown, { body, read }: Exchange<T>) {
      sent.push(body);
      return read(createWireReader(answer()));
    },
    async close() {},
  };
  return { cluster: cluster as unknown as Cluster, sent };
}

function answerOf(error: number, message: string | null): Buffer {
  const writer = createWireWriter();
  writer.array([error], () => {
    writer.int16(error);
    writer.string(message);
    writer.int8(2);
    writer.string('dlq');
  });
  return writer.finish();
}

const faults = [{ name: 'retention.ms', found: '1', wanted: '-1' }];

t.test('what falls short is set, and nothing else is touched', async (t) => {
  const { cluster, sent } = answering(() => answerOf(0, null));
  t.same(await mend(cluster, silentLogger, 'dlq', faults), []);
  const text = (value: string) => [0, value.length, ...Buffer.from(value)];
  t.same(
    [...sent[0]!],
    [
      ...[0, 0, 0, 1, 2, ...text('dlq'), 0, 0, 0, 1],
      ...[...text('retention.ms'), 0, ...text('-1'), 0],
    ],
  );
  t.same(await mend(cluster, silentLogger, 'dlq', []), []);
  t.equal(sent.length, 1, 'nothing to change, nothing asked');
});

t.test('what may not be set, or cannot, is said and stops nothing', async (t) => {
  const denied = answering(() => answerOf(29, 'not you'));
  t.match(await mend(denied.cluster, silentLogger, 'dlq', faults), [
    /topic dlq .*retention\.ms from 1 to -1.*not you: TOPIC_AUTHORIZATION_FAILED \(29\)/,
  ]);
  for (const broken of [() => Buffer.alloc(1), () => Buffer.from([0, 0, 0, 0])]) {
    t.match(await mend(answering(broken).cluster, silentLogger, 'dlq', faults), [/was refused/]);
  }
});

t.test('a topic that is read again at every start must not lose records', async (t) => {
  t.doesNotThrow(() => mustKeepAll(topic('commands')));
  for (const change of [{ 'retention.ms': '604800000' }, { 'cleanup.policy': 'compact' }]) {
    t.throws(() => mustKeepAll(topic('commands', change)), {
      code: 'INCONSISTENT_STATE',
      message: /topic commands has /,
    });
  }
});

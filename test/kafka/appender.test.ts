import t from 'tap';
import { createAppender } from '../../server/kafka/appender.ts';
import type { Cluster } from '../../server/kafka/cluster.ts';

const INVALID_TIMESTAMP = 32;
const tp = { topic: 'orders-dlq', partition: 0 };
const record = (timestamp: number) => ({
  timestamp,
  key: null,
  value: Buffer.from('x'),
  headers: [],
});

/** A cluster that answers appends with these errors, one after the other, and then takes them. */
function answering(...errors: number[]) {
  const sent: unknown[] = [];
  const cluster = {
    leader: () => 'node',
    refresh: async () => {},
    async send(_node: string, exchange: unknown) {
      sent.push(exchange);
      return { error: errors.shift() ?? 0, offset: 7 };
    },
    close: async () => {},
  };
  return { sent, ...createAppender({ cluster: cluster as unknown as Cluster }) };
}

t.test('records whose times are refused are written without times', async (t) => {
  const { sent, append } = answering(INVALID_TIMESTAMP);
  t.equal(await append(tp, [record(Date.now() + 7_200_000)]), 7);
  t.equal(sent.length, 2);
});

t.test('records without times that are refused all the same are not sent for ever', async (t) => {
  const { sent, append } = answering(INVALID_TIMESTAMP, INVALID_TIMESTAMP);
  await t.rejects(append(tp, [record(1)]), { retriable: true, code: 'APPEND_FAILED' });
  t.equal(sent.length, 2);
});

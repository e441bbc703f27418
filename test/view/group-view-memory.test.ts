// What the view of the group keeps of dead letters, held against what it was given.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import type { LogReader } from '../../server/log/ports.ts';
import { createGroupAverages } from '../../server/orders/group-averages.ts';
import { idOf } from '../../server/orders/order-fold.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { createGroupView, type GroupViewReader } from '../../server/view/group-view.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const LETTERS = 50;
const DEAD_LETTERS = 'orders-dlq';

/** Bytes in use, on the heap and outside, once nothing is left to collect. */
function inUse(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A log of letters that come into being when they are read. */
function logOf(letter: (n: number) => RecordContent): LogReader {
  const end = (topic: string) => (topic === DEAD_LETTERS ? LETTERS : 0);
  return {
    bounds: async ({ topic }) => ({ low: 0, high: end(topic) }),
    topicId: async () => null,
    follow({ topic }, _from, follower) {
      const high = end(topic);
      const set = (bytes: Buffer) => ({
        bytes,
        aborted: [],
        highWatermark: high,
        lastStableOffset: high,
      });
      void (async () => {
        await Promise.resolve();
        for (let n = 0; n < high; n += 1) {
          await follower.records(set(encodeBatch([letter(n)], { baseOffset: n })));
        }
        await follower.records(set(Buffer.alloc(0)));
      })();
      return { close() {} };
    },
  };
}

async function readAll(t: Test, letter: (n: number) => RecordContent): Promise<GroupViewReader> {
  const view = createGroupView({
    state: createGroupAverages(manualClock()),
    idOf,
    reader: logOf(letter),
    group: 'g',
    checkpointTopic: 'g-checkpoints',
    deadLetterTopic: DEAD_LETTERS,
    deadLetterBufferSize: 1000,
    clock: manualClock(),
    logger: silentLogger,
    onCheckpoint() {},
    onFailed: (_tp, error) => t.fail('cannot be read', { error }),
  });
  t.teardown(() => view.close());
  view.follow([0]);
  await view.caughtUp();
  return view;
}

const OURS = ['group', 'topic', 'partition', 'offset', 'disposition', 'attempts'];
const plain = { timestamp: 1, key: null, value: null };

/** Letters of nearly a megabyte, each large somewhere else. */
const letters: Record<string, (n: number) => RecordContent> = {
  'in its reason': (n) => {
    const value = Buffer.alloc(900_000, `reason ${n} `);
    return { ...plain, headers: [{ key: Buffer.from('errorReason'), value }] };
  },
  'in our other headers': (n) => ({
    ...plain,
    headers: OURS.map((name) => ({
      key: Buffer.from(`orders.errors.${name}`),
      value: /partition|offset/.test(name) ? Buffer.from(`${n}`) : Buffer.alloc(200_000, `${n}`),
    })),
  }),
  'in its key and value': () => ({
    ...plain,
    key: Buffer.alloc(450_000, 'k'),
    value: Buffer.alloc(450_000, 'v'),
    headers: [],
  }),
  'in the number of its headers': (n) => ({
    ...plain,
    headers: Array.from({ length: 20_000 }, () => ({
      key: Buffer.from('errorReason'),
      value: Buffer.from(`${n}`),
    })),
  }),
};

for (const [where, letter] of Object.entries(letters)) {
  t.test(`a dead letter that is large ${where} is small in the view`, async (t) => {
    await readAll(t, letter);
    const before = inUse();
    const view = await readAll(t, letter);
    const held = inUse() - before;
    t.equal(view.newestDeadLetters(1000).length, LETTERS);
    t.comment(`${held} bytes for ${LETTERS} letters`);
    t.ok(held < LETTERS * 8192, 'a few kilobytes each');
  });
}

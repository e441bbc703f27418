import t from 'tap';
import type { PartitionTracing, TracedAttempt } from '../../server/log/tracing.ts';
import { openRecordSet } from '../../server/record-batch/reader.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { createCaller } from '../../server/task/caller.ts';
import { type Called, FailedCall, type Place } from '../../server/task/calls.ts';
import { pendingRecord } from '../../server/task/pending.ts';

const source = { topic: 'orders', partition: 3 };
const headers = [{ key: Buffer.from('name'), value: Buffer.from('text') }];

async function cursorAtFirst() {
  const record = { timestamp: 1, key: null, value: Buffer.from('v'), headers };
  const cursor = openRecordSet({ bytes: encodeBatch([record]), aborted: [] }, 0);
  await cursor.nextBatch();
  cursor.next();
  return cursor;
}

/** Traces that are written down: each attempt, and how it ended. */
function tracing() {
  const attempts: (Omit<TracedAttempt, 'headers'> & { headers: unknown; thrown?: unknown })[] = [];
  const trace: PartitionTracing = {
    set: () => ({ end() {} }),
    attempt({ headers, ...rest }, work) {
      const noted = { ...rest, headers: headers() };
      attempts.push(noted);
      try {
        return work();
      } catch (thrown) {
        Object.assign(noted, { thrown });
        throw thrown;
      }
    },
    headersOf: () => [],
    ended() {},
  };
  return { trace, attempts };
}

t.test('every attempt tells the handler its place, and which attempt it is', async (t) => {
  const cursor = await cursorAtFirst();
  const places: Place[] = [];
  for (const trace of [null, tracing().trace]) {
    const begin = (_value: string, place: Place) => void places.push(place);
    const caller = createCaller<string>(source, { begin: begin as never }, trace);
    caller.first('a', cursor);
    caller.again('a', pendingRecord(cursor.copy(), null, 0, { attempts: 1 }));
  }
  const first = { ...source, offset: 0, attempt: 1 };
  t.same(places, [first, { ...first, attempt: 2 }, first, { ...first, attempt: 2 }]);
});

t.test(
  'a span hears of a failure as if it was thrown, the caller gets it as a value',
  async (t) => {
    const cursor = await cursorAtFirst();
    const { trace, attempts } = tracing();
    const failure = new FailedCall(new Error('busy'));
    const answers: Called[] = [undefined, failure];
    const caller = createCaller<string>(source, { begin: () => answers.shift() }, trace);
    t.equal(caller.first('a', cursor), undefined);
    t.same(caller.again('a', pendingRecord(cursor.copy(), null, 0, { attempts: 1 })), failure);
    t.match(attempts, [
      { offset: 0, attempt: 1, headers, thrown: undefined },
      { offset: 0, attempt: 2, headers, thrown: failure.error },
    ]);
  },
);

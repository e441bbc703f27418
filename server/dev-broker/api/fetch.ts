// Fetch: whole batches as they are stored, after a long poll when there are too few. No sessions are
// offered (every answer says session 0); read_committed reads what read_uncommitted does.
import { type Broker, type Client, defineApi } from '../api.ts';
import { type ByTopic, byTopic, eachPartition } from '../by-topic.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

/** One answer holds about this much at most, whatever is asked for. */
const MAX_BYTES = 16 * 1024 * 1024;

type Wanted = { readonly partition: number; readonly offset: number };
type Request = { readonly topics: ByTopic<Wanted>; readonly minBytes: number };

/** Whether there is something to answer: enough bytes, or anything to complain of. */
function isDue({ topics, minBytes }: Request, broker: Broker): boolean {
  let bytes = 0;
  for (const { name, partitions } of topics) {
    for (const { partition, offset } of partitions) {
      const log = broker.topics.log(name, partition);
      if (!log || offset < log.start() || offset > log.end()) return true;
      bytes += log.bytesFrom(offset);
    }
  }
  return bytes >= minBytes;
}

function untilDue(request: Request, maxWait: number, broker: Broker, client: Client) {
  return new Promise<void>((resolve) => {
    const unsubscribe: (() => void)[] = [];
    const finish = () => {
      clearTimeout(timer);
      client.gone.removeEventListener('abort', finish);
      for (const each of unsubscribe) each();
      resolve();
    };
    const timer = setTimeout(finish, maxWait);
    client.gone.addEventListener('abort', finish);
    for (const { name, partitions } of request.topics) {
      for (const { partition } of partitions) {
        const log = broker.topics.log(name, partition);
        if (log) unsubscribe.push(log.onChange(() => isDue(request, broker) && finish()));
      }
    }
  });
}

export const fetch = defineApi(1, 'Fetch', [4, 11], {
  request: {
    replica: t.int32,
    maxWait: t.int32,
    minBytes: t.int32,
    maxBytes: t.int32,
    isolation: t.int8,
    sessionId: t.since(7, t.int32),
    /** Above 0 it goes on with a session. */
    sessionEpoch: t.since(7, t.int32),
    topics: byTopic({
      partition: t.int32,
      leaderEpoch: t.since(9, t.int32),
      offset: t.int64,
      start: t.since(5, t.int64),
      maxBytes: t.int32,
    }),
    forgotten: t.since(7, t.list({ name: t.string, partitions: t.array(t.int32) })),
    rack: t.since(11, t.string),
  },
  answer: {
    error: t.since(7, t.int16),
    sessionId: t.since(7, t.int32),
    topics: byTopic({
      partition: t.int32,
      error: t.int16,
      highWatermark: t.int64,
      lastStable: t.int64,
      start: t.since(5, t.int64),
      abortedTransactions: t.int32,
      preferredReplica: t.since(11, t.int32),
      records: t.records,
    }),
  },
  async handle(request, broker, client) {
    if (request.sessionEpoch > 0) {
      return { error: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0, topics: [] };
    }
    const { maxWait } = request;
    if (maxWait > 0 && !client.gone.aborted && !isDue(request, broker))
      await untilDue(request, maxWait, broker, client);
    const most = Math.min(request.maxBytes, MAX_BYTES, broker.memory.left() / 2);
    let left = Math.max(0, Math.floor(most));
    let isFirst = broker.memory.left() > 0;

    const read = (name: string, { partition, offset, maxBytes }: Wanted & { maxBytes: number }) => {
      const answer = (error: ErrorCode, [start, end] = [-1, -1], bytes = t.records.absent) => ({
        partition,
        error,
        highWatermark: end,
        lastStable: end,
        start,
        abortedTransactions: -1,
        preferredReplica: -1,
        records: bytes,
      });
      const log = broker.topics.log(name, partition);
      if (!log) return answer(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      const bounds: [number, number] = [log.start(), log.end()];
      if (offset < bounds[0] || offset > bounds[1]) return answer(ErrorCode.OFFSET_OUT_OF_RANGE);
      if (left === 0 && !isFirst) return answer(ErrorCode.NONE, bounds);
      let bytes: Buffer | null = null;
      broker.disk.read(() => {
        bytes = log.read(offset, Math.min(maxBytes, left), isFirst);
      });
      if (bytes === null) return answer(ErrorCode.KAFKA_STORAGE_ERROR);
      return answer(ErrorCode.NONE, bounds, bytes);
    };

    const topics = await eachPartition(request.topics, (name, wanted) => {
      const part = read(name, wanted);
      left = Math.max(left - part.records.length, 0);
      isFirst &&= part.records.length === 0;
      return part;
    });
    return { error: ErrorCode.NONE, sessionId: 0, topics };
  },
});

// Fetch: whole batches as they are stored, after a long poll when there are too few. Fetch sessions
// are not offered (every answer says session 0), read_committed reads what read_uncommitted does.
import { type Broker, type Client, defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';

/** One answer holds about this much at most, whatever is asked for. */
const MAX_BYTES = 16 * 1024 * 1024;

type Wanted = { partition: number; offset: number; maxBytes: number };
type Request = {
  maxWait: number;
  minBytes: number;
  maxBytes: number;
  /** Above 0 it goes on with a session. */
  sessionEpoch: number;
  topics: { name: string; partitions: Wanted[] }[];
};
type Part = { partition: number; error: ErrorCode; start: number; end: number; records: Buffer };

const nothing = Buffer.alloc(0);

/** Whether an answer would be due now: enough bytes, or anything to complain of. */
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

function untilDue(request: Request, broker: Broker, { gone }: Client): Promise<void> {
  return new Promise((resolve) => {
    const forget: (() => void)[] = [];
    const finish = () => {
      clearTimeout(timer);
      gone.removeEventListener('abort', finish);
      for (const each of forget) each();
      resolve();
    };
    const timer = setTimeout(finish, request.maxWait);
    gone.addEventListener('abort', finish);
    for (const { name, partitions } of request.topics) {
      for (const { partition } of partitions) {
        const log = broker.topics.log(name, partition);
        if (log) forget.push(log.onChange(() => isDue(request, broker) && finish()));
      }
    }
  });
}

function read(name: string, wanted: Wanted, budget: number, first: boolean, broker: Broker): Part {
  const { partition, offset, maxBytes } = wanted;
  const log = broker.topics.log(name, partition);
  const part = { partition, error: ErrorCode.NONE, start: -1, end: -1, records: nothing };
  if (!log) return { ...part, error: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
  const [start, end] = [log.start(), log.end()];
  if (offset < start || offset > end) return { ...part, error: ErrorCode.OFFSET_OUT_OF_RANGE };
  let records: Buffer | null = null;
  const error = broker.disk.attempt(() => {
    records = log.read(offset, Math.min(maxBytes, budget), first);
  });
  if (error !== ErrorCode.NONE || !records) {
    return { ...part, error: ErrorCode.KAFKA_STORAGE_ERROR };
  }
  return { ...part, start, end, records };
}

export const fetch = defineApi({
  key: 1,
  name: 'Fetch',
  versions: [4, 11],
  decode(r, version): Request {
    r.int32();
    const maxWait = r.int32();
    const minBytes = r.int32();
    const maxBytes = r.int32();
    r.int8();
    if (version >= 7) r.int32();
    const sessionEpoch = version >= 7 ? r.int32() : -1;
    const topics = r.array(() => ({
      name: r.string(),
      partitions: r.array(() => {
        const partition = r.int32();
        if (version >= 9) r.int32();
        const offset = r.int64();
        if (version >= 5) r.int64();
        return { partition, offset, maxBytes: r.int32() };
      }),
    }));
    return { maxWait, minBytes, maxBytes, sessionEpoch, topics };
  },
  async handle(request, broker, client) {
    if (request.sessionEpoch > 0)
      return { error: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, topics: [] };
    if (request.maxWait > 0 && !isDue(request, broker)) await untilDue(request, broker, client);
    let budget = Math.min(Math.max(request.maxBytes, 0), MAX_BYTES);
    let first = true;
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((wanted) => {
        const part = read(name, wanted, budget, first, broker);
        budget = Math.max(budget - part.records.length, 0);
        if (part.records.length > 0) first = false;
        return part;
      }),
    }));
    return { error: ErrorCode.NONE, topics };
  },
  encode(w, { error, topics }, version) {
    w.int32(0);
    if (version >= 7) {
      w.int16(error);
      w.int32(0);
    }
    w.array(topics, ({ name, partitions }) => {
      w.string(name);
      w.array(partitions, ({ partition, error, start, end, records }) => {
        w.int32(partition);
        w.int16(error);
        w.int64(end);
        w.int64(end);
        if (version >= 5) w.int64(start);
        w.int32(-1);
        if (version >= 11) w.int32(-1);
        w.view(records);
      });
    });
  },
});

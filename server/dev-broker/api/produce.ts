import { DamagedBatch, type DamageReason } from '../../record-batch/batch-header.ts';
import { validateBatch } from '../../record-batch/reader.ts';
import { type Broker, type Client, defineApi } from '../api.ts';
import { byTopic, eachPartition } from '../by-topic.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';
import { stampBatch } from '../timestamps.ts';
import { configNumber } from '../topic-config.ts';
import { refuseTransaction } from './transactions.ts';

const codeOf: Record<DamageReason, ErrorCode> = {
  CORRUPT: ErrorCode.CORRUPT_MESSAGE,
  INVALID_RECORD: ErrorCode.INVALID_RECORD,
  UNSUPPORTED_CODEC: ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
};

const NO_TRANSACTIONS = 'the embedded broker has no transactions';

type Wanted = { readonly partition: number; readonly batch: Buffer };

const refuse = (error: ErrorCode, message: string | null = null) => ({
  error,
  message,
  baseOffset: -1,
  appendTime: -1,
  start: -1,
});

async function append(broker: Broker, client: Client, name: string, wanted: Wanted) {
  const { topics, disk } = broker;
  const { partition, batch } = wanted;
  const topic = topics.get(name);
  if (!topic?.logs[partition]) return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const most = configNumber(topic.config, 'max.message.bytes');
  if (batch.length > most) {
    return refuse(ErrorCode.MESSAGE_TOO_LARGE, `${batch.length} bytes, ${most} are taken`);
  }
  try {
    const header = await validateBatch(batch);
    if (header.transactional) return refuse(refuseTransaction(broker, client), NO_TRANSACTIONS);
    const stamped = await stampBatch(batch, header, topic.config, Date.now());
    if (typeof stamped === 'string') return refuse(ErrorCode.INVALID_TIMESTAMP, stamped);
    // Looked up again: the topic may have gone meanwhile.
    const log = topics.log(name, partition);
    if (!log) return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    let appended = refuse(ErrorCode.NONE);
    const error = disk.attempt(() => {
      const { appendTime } = stamped;
      const start = log.start();
      appended = { message: null, start, appendTime, ...log.append(batch, stamped.header) };
    }, batch.length);
    return error === ErrorCode.NONE ? appended : refuse(error);
  } catch (error) {
    if (error instanceof DamagedBatch) return refuse(codeOf[error.reason], error.message);
    throw error;
  }
}

// As Kafka 4 says it: some versions of librdkafka do not compress otherwise (KAFKA-18659).
export const produce = defineApi(0, 'Produce', [3, 8], {
  advertised: [0, 8],
  throttledSince: Number.POSITIVE_INFINITY,
  request: {
    transactionalId: t.nullableString,
    acks: t.int16,
    timeout: t.int32,
    topics: byTopic({ partition: t.int32, batch: t.records }),
  },
  answer: {
    topics: byTopic({
      partition: t.int32,
      error: t.int16,
      baseOffset: t.int64,
      appendTime: t.int64,
      start: t.since(5, t.int64),
      recordErrors: t.since(8, t.array(t.int32)),
      message: t.since(8, t.nullableString),
    }),
    throttle: t.int32,
  },
  async handle({ transactionalId, acks, topics: wanted }, broker, client) {
    let refusal: ReturnType<typeof refuse> | null = null;
    if (acks < -1 || acks > 1) refusal = refuse(ErrorCode.INVALID_REQUIRED_ACKS);
    else if (transactionalId !== null)
      refusal = refuse(refuseTransaction(broker, client), NO_TRANSACTIONS);
    let failed = false;
    const topics = await eachPartition(wanted, async (name, each) => {
      const result = refusal ?? (await append(broker, client, name, each));
      failed ||= result.error !== ErrorCode.NONE;
      return { partition: each.partition, recordErrors: [], ...result };
    });
    if (acks === 0) return failed ? 'acks = 0 was refused' : 'silence';
    return { topics, throttle: 0 };
  },
});

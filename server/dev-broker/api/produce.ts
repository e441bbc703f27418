import { DamagedBatch, type DamageReason } from '../../record-batch/batch-header.ts';
import { validateBatch } from '../../record-batch/reader.ts';
import { type Broker, defineApi } from '../api.ts';
import { byTopic, eachPartition } from '../by-topic.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';
import { configNumber } from '../topic-config.ts';

const codeOf: Record<DamageReason, ErrorCode> = {
  CORRUPT: ErrorCode.CORRUPT_MESSAGE,
  INVALID_RECORD: ErrorCode.INVALID_RECORD,
  UNSUPPORTED_CODEC: ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
};

const refuse = (error: ErrorCode, message: string | null = null) => ({
  error,
  message,
  baseOffset: -1,
  start: -1,
});

async function append({ topics, disk }: Broker, name: string, partition: number, batch: Buffer) {
  const topic = topics.get(name);
  if (!topic?.logs[partition]) return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  if (batch.length > configNumber(topic.config, 'max.message.bytes')) {
    return refuse(ErrorCode.MESSAGE_TOO_LARGE);
  }
  try {
    const header = await validateBatch(batch);
    // Looked up again: the topic may have gone meanwhile.
    const log = topics.log(name, partition);
    if (!log) return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    let appended = refuse(ErrorCode.NONE);
    const error = disk.attempt(() => {
      appended = { message: null, start: log.start(), ...log.append(batch, header) };
    });
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
  async handle({ acks, topics: wanted }, broker) {
    const isKnown = acks >= -1 && acks <= 1;
    let failed = false;
    const topics = await eachPartition(wanted, async (name, { partition, batch }) => {
      const result = isKnown
        ? await append(broker, name, partition, batch)
        : refuse(ErrorCode.INVALID_REQUIRED_ACKS);
      failed ||= result.error !== ErrorCode.NONE;
      return { partition, appendTime: -1, recordErrors: [], ...result };
    });
    if (acks === 0) return failed ? 'close' : 'silence';
    return { topics, throttle: 0 };
  },
});

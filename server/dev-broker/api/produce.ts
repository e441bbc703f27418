import { DamagedBatch, type DamageReason } from '../../record-batch/batch-header.ts';
import { validateBatch } from '../../record-batch/reader.ts';
import { type Broker, defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import { configNumber } from '../topic-config.ts';

type Result = {
  partition: number;
  error: ErrorCode;
  baseOffset: number;
  start: number;
  message: string | null;
};

const codeOf: Record<DamageReason, ErrorCode> = {
  CORRUPT: ErrorCode.CORRUPT_MESSAGE,
  INVALID_RECORD: ErrorCode.INVALID_RECORD,
  UNSUPPORTED_CODEC: ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
};

async function append(
  { topics, disk }: Broker,
  name: string,
  partition: number,
  batch: Buffer,
): Promise<Result> {
  const refuse = (error: ErrorCode, message: string | null = null): Result => ({
    partition,
    error,
    baseOffset: -1,
    start: -1,
    message,
  });
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
    let result = refuse(ErrorCode.NONE);
    const error = disk.attempt(() => {
      result = { ...result, ...log.append(batch, header), start: log.start() };
    });
    return error === ErrorCode.NONE ? result : refuse(error);
  } catch (error) {
    if (error instanceof DamagedBatch) return refuse(codeOf[error.reason], error.message);
    throw error;
  }
}

export const produce = defineApi({
  key: 0,
  name: 'Produce',
  versions: [3, 8],
  // As Kafka 4 says it: some versions of librdkafka do not compress otherwise (KAFKA-18659).
  advertised: [0, 8],
  decode(r) {
    r.nullableString();
    const acks = r.int16();
    r.int32();
    const topics = r.array(() => ({
      name: r.string(),
      partitions: r.array(() => ({ partition: r.int32(), records: r.bytes() })),
    }));
    return { acks, topics };
  },
  async handle({ acks, topics }, broker) {
    const valid = acks >= -1 && acks <= 1;
    const results: { name: string; partitions: Result[] }[] = [];
    for (const { name, partitions } of topics) {
      const answers: Result[] = [];
      for (const { partition, records } of partitions) {
        const result = valid
          ? await append(broker, name, partition, records)
          : {
              partition,
              error: ErrorCode.INVALID_REQUIRED_ACKS,
              baseOffset: -1,
              start: -1,
              message: null,
            };
        answers.push(result);
      }
      results.push({ name, partitions: answers });
    }
    if (acks !== 0) return results;
    const failed = results.some(({ partitions }) => partitions.some(({ error }) => error !== 0));
    return failed ? 'close' : 'silence';
  },
  encode(w, results, version) {
    w.array(results, ({ name, partitions }) => {
      w.string(name);
      w.array(partitions, ({ partition, error, baseOffset, start, message }) => {
        w.int32(partition);
        w.int16(error);
        w.int64(baseOffset);
        w.int64(-1);
        if (version >= 5) w.int64(start);
        if (version >= 8) {
          w.int32(0);
          w.nullableString(message);
        }
      });
    });
    w.int32(0);
  },
});

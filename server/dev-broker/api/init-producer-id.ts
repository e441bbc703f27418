import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

/** Kafka's default of transaction.max.timeout.ms. */
const MAX_TRANSACTION_MS = 900_000;

function refusal(transactionalId: string | null, timeout: number): ErrorCode {
  if (transactionalId === null) return ErrorCode.NONE;
  if (transactionalId === '') return ErrorCode.INVALID_REQUEST;
  if (timeout <= 0 || timeout > MAX_TRANSACTION_MS) return ErrorCode.INVALID_TRANSACTION_TIMEOUT;
  // There are no transactions here.
  return ErrorCode.UNSUPPORTED_VERSION;
}

export const initProducerId = defineApi(22, 'InitProducerId', [0, 1], {
  request: { transactionalId: t.nullableString, timeout: t.int32 },
  answer: { error: t.int16, producerId: t.int64, epoch: t.int16 },
  handle({ transactionalId, timeout }, broker) {
    const error = refusal(transactionalId, timeout);
    if (error !== ErrorCode.NONE) return { error, producerId: -1, epoch: -1 };
    return { error, producerId: broker.newProducerId(), epoch: 0 };
  },
});

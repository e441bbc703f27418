import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';
import { refuseTransaction } from './transactions.ts';

/** Kafka's default of transaction.max.timeout.ms. */
const MAX_TRANSACTION_MS = 900_000;

function refusal(transactionalId: string, timeout: number): ErrorCode | null {
  if (transactionalId === '') return ErrorCode.INVALID_REQUEST;
  if (timeout <= 0 || timeout > MAX_TRANSACTION_MS) return ErrorCode.INVALID_TRANSACTION_TIMEOUT;
  return null;
}

export const initProducerId = defineApi(22, 'InitProducerId', [0, 1], {
  request: { transactionalId: t.nullableString, timeout: t.int32 },
  answer: { error: t.int16, producerId: t.int64, epoch: t.int16 },
  handle({ transactionalId, timeout }, broker, client) {
    if (transactionalId === null) {
      return { error: ErrorCode.NONE, producerId: broker.newProducerId(), epoch: 0 };
    }
    const error = refusal(transactionalId, timeout) ?? refuseTransaction(broker, client);
    return { error, producerId: -1, epoch: -1 };
  },
});

import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';

/** Kafka's default of transaction.max.timeout.ms. */
const MAX_TRANSACTION_MS = 900_000;

function refusal(transactionalId: string | null, timeout: number): ErrorCode {
  if (transactionalId === null) return ErrorCode.NONE;
  if (transactionalId === '') return ErrorCode.INVALID_REQUEST;
  if (timeout <= 0 || timeout > MAX_TRANSACTION_MS) return ErrorCode.INVALID_TRANSACTION_TIMEOUT;
  // There are no transactions here.
  return ErrorCode.UNSUPPORTED_VERSION;
}

export const initProducerId = defineApi({
  key: 22,
  name: 'InitProducerId',
  versions: [0, 1],
  decode: (r) => ({ transactionalId: r.nullableString(), timeout: r.int32() }),
  handle({ transactionalId, timeout }, broker) {
    const error = refusal(transactionalId, timeout);
    return { error, producerId: error === ErrorCode.NONE ? broker.newProducerId() : -1 };
  },
  encode(w, { error, producerId }) {
    w.int32(0);
    w.int16(error);
    w.int64(producerId);
    w.int16(error === ErrorCode.NONE ? 0 : -1);
  },
});

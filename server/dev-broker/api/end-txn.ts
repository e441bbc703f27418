// EndTxn: not advertised, for there are no transactions; who asks is told, as by Kafka, that the
// transactional id is not known.
import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

export const endTxn = defineApi(26, 'EndTxn', [0, 2], {
  advertised: null,
  request: { transactionalId: t.string, producerId: t.int64, epoch: t.int16, commit: t.boolean },
  answer: { error: t.int16 },
  handle: () => ({ error: ErrorCode.INVALID_PRODUCER_ID_MAPPING }),
});

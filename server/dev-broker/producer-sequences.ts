// PURE: what a partition remembers of its idempotent producers (KIP-98), so that a batch sent twice
// stands in the log once and a gap is noticed.
import { ErrorCode } from './error-code.ts';

const REMEMBERED_BATCHES = 5;
const MAX_PRODUCERS = 1000;
const SEQUENCES = 2 ** 31;

type Sent = { readonly first: number; readonly last: number; readonly baseOffset: number };
type Producer = { readonly epoch: number; readonly sent: readonly Sent[] };

/** The part of a batch header that counts here. */
export type Sequenced = {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
};

export type Verdict = 'append' | { readonly duplicateOf: number } | { readonly error: ErrorCode };

const lastSequence = ({ baseSequence, count }: Sequenced) => (baseSequence + count - 1) % SEQUENCES;

/** The producers of one partition; the longest silent ones are forgotten beyond a thousand. */
export function createProducerSequences() {
  const producers = new Map<number, Producer>();

  return {
    /** Whether a batch is the next one. A producer that is not known may begin anywhere. */
    judge(batch: Sequenced): Verdict {
      if (batch.producerId < 0) return 'append';
      if (batch.producerEpoch < 0) return { error: ErrorCode.INVALID_PRODUCER_EPOCH };
      if (batch.baseSequence < 0) return { error: ErrorCode.INVALID_RECORD };
      const known = producers.get(batch.producerId);
      if (!known) return 'append';
      if (batch.producerEpoch < known.epoch) return { error: ErrorCode.INVALID_PRODUCER_EPOCH };
      const gap = { error: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER };
      if (batch.producerEpoch > known.epoch) return batch.baseSequence === 0 ? 'append' : gap;
      const first = batch.baseSequence;
      const last = lastSequence(batch);
      const same = known.sent.find((sent) => sent.first === first && sent.last === last);
      if (same) return { duplicateOf: same.baseOffset };
      return first === (known.sent.at(-1)!.last + 1) % SEQUENCES ? 'append' : gap;
    },
    /** Notes a batch that stands in the log at `baseOffset`. */
    appended(batch: Sequenced, baseOffset: number): void {
      if (batch.producerId < 0 || batch.baseSequence < 0) return;
      const known = producers.get(batch.producerId);
      const before = known?.epoch === batch.producerEpoch ? known.sent : [];
      const sent = { first: batch.baseSequence, last: lastSequence(batch), baseOffset };
      producers.delete(batch.producerId);
      producers.set(batch.producerId, {
        epoch: batch.producerEpoch,
        sent: [...before.slice(1 - REMEMBERED_BATCHES), sent],
      });
      if (producers.size > MAX_PRODUCERS) producers.delete(producers.keys().next().value!);
    },
  };
}

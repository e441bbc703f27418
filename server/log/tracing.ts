// Traces: what a task tells of its work, for whoever follows an order through several programs. A port:
// nothing in the core knows who listens, and where nobody does there is none.
import type { TopicPartition } from './ports.ts';

/** Of a record: bytes, of which nobody checks anything. */
export type Header = { readonly key: Buffer; readonly value: Buffer | null };

/** One attempt at an order. */
export type TracedAttempt = {
  readonly offset: number;
  /** First = 1. */
  readonly attempt: number;
  /** Those of its record, which may name the trace that it belongs to. */
  headers(): readonly Header[];
};

/** The traces of one partition. */
export type PartitionTracing = {
  /** Work on what was fetched at once begins; `end` says how many offsets it took. */
  set(): { end(offsets: number): void };
  /** Does `work` within the trace of the order, and notes how it ends; returns and throws what it does. */
  attempt(of: TracedAttempt, work: () => undefined | Promise<void>): undefined | Promise<void>;
  /** Headers that name the trace in which an order failed last; none when nothing is known of it. */
  headersOf(offset: number): readonly Header[];
  /** An order waits no more. */
  ended(offset: number): void;
};

export type Tracing = (source: TopicPartition) => PartitionTracing;

const TRACEPARENT = 'traceparent';
/** W3C Trace Context: version, trace, span, flags; what a later version adds stands behind. */
const FORM = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;

/** The header by which a record names its trace. */
export const TRACE_HEADER = Buffer.from(TRACEPARENT);

/** The trace that a record names, 32 hexadecimal digits; null when it names none. */
export function traceIdOf(headers: readonly Header[]): string | null {
  const values = headers.filter(({ key, value }) => value !== null && key.equals(TRACE_HEADER));
  return FORM.exec(values.at(-1)?.value?.toString('latin1') ?? '')?.[1] ?? null;
}

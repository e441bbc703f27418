// Spans for OpenTelemetry, by its API alone: who wants them starts the process with an SDK. Without one
// there is nothing here, and the tasks do not even ask.
//
//   process orders[2]  (a set that was fetched) ──┐
//                                                 └▶ process orders (attempt 1) ─▶ (attempt 2) …
//   whoever produced the order, by its traceparent ──▶
import {
  context,
  isSpanContextValid,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { AppError, describe } from '../errors.ts';
import { nameOf, type TopicPartition } from '../log/ports.ts';
import type { Header, PartitionTracing, Tracing } from '../log/tracing.ts';

const NAME = 'order-stream';

const getter: TextMapGetter<readonly Header[]> = {
  keys: (headers) => headers.map(({ key }) => key.toString('latin1')),
  get(headers, name) {
    const values = headers.filter(({ key }) => key.toString('latin1') === name);
    return values.at(-1)?.value?.toString('latin1') ?? undefined;
  },
};

/** Traces for the tasks of a group; undefined when no SDK was registered before. */
export function createTracing(group: string): Tracing | undefined {
  const tracer = trace.getTracer(NAME);
  // Without an SDK a span has no trace id. This one only serves to find that out: it is never ended, so never exported.
  const first = tracer.startSpan('start');
  if (!isSpanContextValid(first.spanContext())) return undefined;
  return (source) => createPartitionTracing(tracer, group, source);
}

/** Attributes by the semantic conventions for messaging, and for Kafka. */
function attributesOf(group: string, { topic, partition }: TopicPartition) {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.type': 'process',
    'messaging.operation.name': 'process',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': String(partition),
    'messaging.consumer.group.name': group,
  };
}

function createPartitionTracing(
  tracer: Tracer,
  group: string,
  source: TopicPartition,
): PartitionTracing {
  const attributes = attributesOf(group, source);
  const kind = SpanKind.CONSUMER;
  /** The last attempts at those that wait. */
  const waiting = new Map<number, Span>();
  let set: Span | null = null;

  function begin(offset: number, attempt: number, headers: readonly Header[]): Span {
    const told = propagation.extract(ROOT_CONTEXT, headers, getter);
    const before = waiting.get(offset) ?? set;
    const links: Link[] = before === null ? [] : [{ context: before.spanContext() }];
    const details = { 'messaging.kafka.offset': offset, 'order_stream.attempt': attempt };
    const options = { kind, attributes: { ...attributes, ...details } };
    const name = `process ${source.topic}`;
    // What names a trace is continued; what does not is one of its own, from the set or attempt before.
    if (trace.getSpanContext(told) !== undefined) {
      return tracer.startSpan(name, { ...options, links }, told);
    }
    const parent = before === null ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, before);
    return tracer.startSpan(name, options, parent);
  }

  return {
    set() {
      const name = `process ${nameOf(source)}`;
      const span = tracer.startSpan(name, { kind, attributes, root: true });
      set = span;
      return {
        end(offsets) {
          span.setAttribute('messaging.batch.message_count', offsets);
          span.end();
          if (set === span) set = null;
        },
      };
    },
    attempt({ offset, attempt, headers }, work) {
      const span = begin(offset, attempt, headers());
      const failed = (error: unknown) => {
        span.setAttribute('error.type', errorType(error));
        span.setStatus({ code: SpanStatusCode.ERROR, message: describe(error) });
        span.end();
        waiting.set(offset, span);
      };
      let call: undefined | Promise<void>;
      try {
        call = context.with(trace.setSpan(context.active(), span), work);
      } catch (error) {
        failed(error);
        throw error;
      }
      if (call === undefined) span.end();
      // The rejection is handled by the caller; here it is only noted in the span.
      else call.then(() => span.end(), failed);
      return call;
    },
    headersOf(offset) {
      const span = waiting.get(offset);
      if (span === undefined) return [];
      const headers: Record<string, string> = {};
      propagation.inject(trace.setSpan(ROOT_CONTEXT, span), headers);
      return Object.entries(headers).map(([name, value]) => ({
        key: Buffer.from(name),
        value: Buffer.from(value),
      }));
    },
    ended: (offset) => void waiting.delete(offset),
  };
}

/** Few different ones: a code, or the name of a class. */
function errorType(error: unknown): string {
  if (error instanceof AppError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}

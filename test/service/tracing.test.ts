import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import t, { type Test } from 'tap';
import { PermanentError, TransientError } from '../../server/errors.ts';
import { readDeadLetter } from '../../server/log/dead-letter.ts';
import { traceIdOf } from '../../server/log/tracing.ts';
import { idOf } from '../../server/orders/order-fold.ts';
import { deadLetterItem } from '../../server/service/letter-item.ts';
import { createTracing } from '../../server/service/tracing.ts';
import { commandWorld, redriveOf } from '../fixtures/commands.ts';
import { logs, order, taskWorld } from '../fixtures/task-world.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const header = (value: string) => ({ key: Buffer.from('traceparent'), value: Buffer.from(value) });
const traced = (orderId: string) => ({
  ...order(orderId),
  headers: [header(`00-${TRACE}-${SPAN}-01`)],
});

/** An SDK that keeps the spans that have ended, in their order, as a process starts with one. */
function withSdk(t: Test): () => ReadableSpan[] {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  t.teardown(() => {
    trace.disable();
    propagation.disable();
    context.disable();
  });
  return () => exporter.getFinishedSpans();
}

const attemptsAt = (spans: readonly ReadableSpan[]) =>
  spans.filter(({ attributes }) => 'order_stream.attempt' in attributes);
const setsAmong = (spans: readonly ReadableSpan[]) =>
  spans.filter(({ attributes }) => 'messaging.batch.message_count' in attributes);

t.test('without an SDK there is no tracing', async (t) => {
  t.equal(createTracing('g'), undefined);
});

t.test('a span for the set, and one for each attempt, as the conventions name them', async (t) => {
  const spans = withSdk(t);
  const { append, start, clock } = taskWorld(t);
  append(logs.orders, [order('a'), order('b')]);
  start(() => undefined, { tracing: createTracing('g') });
  await clock.advance(200);
  const attributes = {
    'messaging.system': 'kafka',
    'messaging.operation.type': 'process',
    'messaging.operation.name': 'process',
    'messaging.destination.name': 'orders',
    'messaging.destination.partition.id': '0',
    'messaging.consumer.group.name': 'g',
  };
  const [set] = setsAmong(spans());
  t.match(set, {
    name: 'process orders[0]',
    kind: SpanKind.CONSUMER,
    attributes: { ...attributes, 'messaging.batch.message_count': 2 },
  });
  const attempts = attemptsAt(spans());
  t.equal(attempts.length, 2);
  for (const [offset, span] of attempts.entries()) {
    t.match(span, {
      name: 'process orders',
      kind: SpanKind.CONSUMER,
      attributes: { ...attributes, 'messaging.kafka.offset': offset, 'order_stream.attempt': 1 },
      parentSpanContext: { spanId: set!.spanContext().spanId },
      status: { code: SpanStatusCode.UNSET },
    });
  }
});

t.test('the trace of a record goes on through retries, dead letter and redrive', async (t) => {
  const spans = withSdk(t);
  const world = taskWorld(t);
  const { append, read, start, clock } = world;
  const commands = commandWorld(t, { clock, memory: world });
  append(logs.orders, [traced('a')]);
  let mended = false;
  const handle = async () => {
    if (!mended) throw new TransientError('busy');
  };
  start(handle, { tracing: createTracing('g'), commands: commands.follow().forTask() });
  await clock.advance(60_000);
  const failed = attemptsAt(spans());
  t.same(
    failed.map(({ attributes }) => attributes['order_stream.attempt']),
    [1, 2, 3],
  );
  for (const span of failed) {
    t.equal(span.spanContext().traceId, TRACE);
    t.match(span.parentSpanContext, { spanId: SPAN, isRemote: true });
    t.match(span.status, { code: SpanStatusCode.ERROR, message: /busy/ });
    t.ok(span.attributes['error.type']);
    t.equal(span.links.length, 1, 'to the set, or the attempt before');
  }
  const [letter] = await read(logs.deadLetters);
  t.equal(traceIdOf(letter!.headers), TRACE);
  t.equal(letter!.headers.filter(({ key }) => key.equals(header('').key)).length, 1);
  t.equal(deadLetterItem(readDeadLetter(0, idOf, letter!)).traceId, TRACE, 'it is shown');

  mended = true;
  commands.write(redriveOf([0]));
  await clock.advance(5000);
  const again = attemptsAt(spans()).at(-1);
  t.match(again, {
    attributes: { 'messaging.kafka.offset': 1, 'order_stream.attempt': 1 },
    parentSpanContext: { traceId: TRACE, spanId: SPAN },
    status: { code: SpanStatusCode.UNSET },
  });
});

t.test('a record without a trace gets one, and its dead letter carries it', async (t) => {
  const spans = withSdk(t);
  const { append, read, start, clock } = taskWorld(t);
  append(logs.orders, [order('a'), order('b')]);
  start(
    ({ orderId }, { attempt }) => {
      if (orderId === 'b') return;
      throw attempt === 1 ? new TransientError('busy') : new PermanentError('no such account');
    },
    { tracing: createTracing('g') },
  );
  await clock.advance(60_000);
  const [, second, last] = attemptsAt(spans());
  t.equal(second!.attributes['messaging.kafka.offset'], 1, 'the other one, in between');
  const [letter] = await read(logs.deadLetters);
  const { traceId, spanId } = last!.spanContext();
  const value = letter!.headers.find(({ key }) => key.equals(header('').key))?.value?.toString();
  t.equal(value, `00-${traceId}-${spanId}-01`, 'of the attempt that failed last');
  const [set] = setsAmong(spans());
  t.equal(traceId, set!.spanContext().traceId);
});

t.test('a traceparent that is none is no trace, and stays as it is', async (t) => {
  for (const none of ['', 'x', `00-${'0'.repeat(32)}-${SPAN}-01`, `ff-${TRACE}-${SPAN}-01`]) {
    t.equal(traceIdOf([header(none)]), null, none);
  }
  t.equal(traceIdOf([{ ...header(''), value: null }]), null);
  t.equal(traceIdOf([header(`cc-${TRACE}-${SPAN}-01-later`)]), TRACE, 'of a later version');
  t.equal(traceIdOf([header('x'), header(`00-${TRACE}-${SPAN}-01`)]), TRACE, 'the last one');
});

t.test(
  'with nobody who listens a dead letter shows the trace of its record all the same',
  async (t) => {
    const { append, read, start, clock } = taskWorld(t);
    append(logs.orders, [traced('a'), order('b')]);
    start(() => {
      throw new PermanentError('no such account');
    });
    await clock.advance(500);
    const items = (await read(logs.deadLetters)).map((each) =>
      deadLetterItem(readDeadLetter(0, idOf, each)),
    );
    t.equal(items[0]!.traceId, TRACE);
    t.notOk('traceId' in items[1]!);
  },
);

import t from 'tap';
import { loadConfig } from '../../server/config.ts';
import { createProgress } from '../../server/log/progress.ts';
import { createHealth, type TaskStatus } from '../../server/service/health.ts';
import { createIncidentLog } from '../../server/service/incidents.ts';
import { createLifecycle } from '../../server/service/lifecycle.ts';
import { createReports } from '../../server/service/reports.ts';
import { createStalls } from '../../server/service/stalls.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { notingLogger } from '../fixtures/noting-logger.ts';

const AT_REST: TaskStatus = { restoring: [], failures: [], fenced: [] };
const orders = { topic: 'orders', partition: 1 };
const deadLetters = { topic: 'orders-dlq', partition: 1 };
const checkpoints = { topic: 'order-consumer-group-checkpoints', partition: 1 };

/** An instance that is ready, on a Kafka that answers for as long as `kafka` is true. */
async function world({ ready = true } = {}) {
  const clock = manualClock();
  const progress = { tasks: createProgress(clock), view: createProgress(clock) };
  const world = { kafka: ready, tasks: AT_REST, heartbeatAge: null as number | null };
  const config = loadConfig({});
  const lifecycle = createLifecycle(clock);
  const reports = createReports(clock);
  const checkpointTopic = config.CHECKPOINT_TOPIC;
  const stalls = createStalls({ progress, reports, checkpointTopic });
  const health = createHealth({
    config,
    brokers: ['kafka-1:9092', 'kafka-2:9092'],
    embedded: false,
    launcher: 'npm',
    startedAt: clock.now(),
    clock,
    tasks: () => world.tasks,
    heartbeatAge: () => world.heartbeatAge,
    lifecycle,
    reports,
    stalls,
    taskNotes: progress.tasks.notes,
  });
  const logger = notingLogger();
  const incidents = createIncidentLog({ logger, clock });
  if (ready) {
    reports.kafka(true);
    reports.caughtUp();
    lifecycle.to('JOINING');
    lifecycle.to('RUNNING');
    reports.member({ member: true, error: null });
  }
  return Object.assign(world, {
    clock,
    progress,
    health,
    lifecycle,
    reports,
    stalls,
    lines: logger.lines,
    reasons: () => health.status().reasons.join('; '),
    /** Time goes by as in a service that looks once a second. */
    async pass(seconds: number) {
      for (let i = 0; i < seconds; i += 1) {
        if (world.kafka) reports.kafka(true);
        incidents.update(health.incidents());
        await clock.advance(1000);
      }
      if (world.kafka) reports.kafka(true);
    },
  });
}

t.test('a service on which nothing happens stays ready, and says nothing', async (t) => {
  const { health, pass, lines } = await world();
  await pass(3600);
  t.match(health.status(), { phase: 'ready', reasons: [], notes: [] });
  t.same(lines, []);
});

t.test('the way to being ready is told step by step', async (t) => {
  const w = await world({ ready: false });
  t.match(w.health.status(), { phase: 'starting', reasons: [/^Kafka is unreachable at kafka-1/] });
  w.reports.kafka(true);
  t.match(w.health.status(), { phase: 'starting', reasons: [/^reading what the group/] });
  w.reports.caughtUp();
  w.lifecycle.to('JOINING');
  t.match(w.health.status(), { phase: 'starting', reasons: [/^joining the group order-cons/] });
  w.lifecycle.to('RUNNING');
  w.reports.member({ member: true, error: null });
  w.tasks = { ...AT_REST, restoring: [0, 2] };
  t.match(w.health.status(), { phase: 'not-ready', reasons: ['restoring partitions 0, 2'] });
  w.tasks = AT_REST;
  t.match(w.health.status(), { phase: 'ready' });
  w.lifecycle.to('STOPPING');
  t.match(w.health.status(), { phase: 'stopping', reasons: ['the service is stopping'] });
});

t.test('a step that is not in the lifecycle is a mistake', async (t) => {
  const { lifecycle } = await world();
  t.throws(() => lifecycle.to('JOINING'), TypeError);
});

t.test('Kafka away is one line, its return another, whatever fails meanwhile', async (t) => {
  const w = await world();
  await w.pass(10);
  w.kafka = false;
  for (let second = 0; second < 600; second += 1) {
    // As it is: both readers, appends, commits and the topics all fail over and over.
    w.reports.kafka(false, new Error('connect ECONNREFUSED 127.0.0.1:9092'));
    w.reports.note('commit', `not committed: Consumer group was not initialized ${second}`);
    w.progress.tasks.readEnded(orders, 'ECONNREFUSED');
    if (second === 0) {
      w.progress.tasks.begin('write', checkpoints).failed(new Error('EPIPE'));
      w.progress.view.begin('read', checkpoints);
      w.reports.member({ member: false, error: 'connection lost' });
    }
    await w.pass(1);
    t.ok(w.health.status().reasons.length <= 1, 'one explanation');
  }
  const reason = 'Kafka is unreachable at kafka-1:9092, kafka-2:9092';
  t.same(w.lines, [`warn: ${reason} (connect ECONNREFUSED 127.0.0.1:9092)`]);
  w.kafka = true;
  w.reports.member({ member: true, error: null });
  await w.pass(3);
  t.same(w.lines.slice(1), ['info: Kafka answers at kafka-1:9092, kafka-2:9092']);
  t.same(w.health.status().reasons, [], 'what waited for Kafka gets its time anew');
});

t.test('a Kafka that is away from the start is told within seconds', async (t) => {
  const w = await world({ ready: false });
  await w.pass(2);
  t.same(w.lines, [], 'the one line waits for the reason');
  w.reports.kafka(false, 'Connection timeout');
  await w.pass(2);
  t.match(w.lines, [/^warn: Kafka is unreachable at kafka-1:9092.*Connection timeout/]);
  await w.pass(57);
  t.ok(w.lines.length <= 2, w.lines.join('\n'));
});

t.test('appends that are refused for ever make it not ready, until one succeeds', async (t) => {
  for (const tp of [checkpoints, deadLetters]) {
    const w = await world();
    const write = w.progress.tasks.begin('write', tp);
    write.failed(new Error('TOPIC_AUTHORIZATION_FAILED (29)'));
    await w.pass(5);
    t.equal(w.health.status().phase, 'ready', 'a hiccup is nothing to say');
    await w.pass(5);
    t.match(w.health.status(), { phase: 'not-ready' });
    t.match(w.reasons(), new RegExp(`${tp.topic}.1. cannot be written since .*FAILED .29`));
    await w.pass(300);
    t.equal(w.lines.length, 1, 'one line');
    write.done();
    await w.pass(2);
    t.equal(w.health.status().phase, 'ready');
    t.match(w.lines[1], new RegExp(`info: ${tp.topic}.1. is written again`));
  }
});

t.test(
  'a partition that cannot be fetched makes it not ready, with the broker’s words',
  async (t) => {
    const w = await world();
    w.progress.tasks.begin('read', orders);
    for (let i = 0; i < 10; i += 1) {
      w.progress.tasks.readEnded(orders, 'KAFKA_STORAGE_ERROR (56)');
      await w.pass(1);
    }
    t.match(w.reasons(), /^orders\[1\] cannot be read since .*KAFKA_STORAGE_ERROR \(56\)$/);
    t.equal(w.lines.length, 1);
  },
);

t.test('a view that cannot be followed makes it not ready, and its numbers old', async (t) => {
  const w = await world();
  w.progress.view.begin('read', checkpoints);
  t.same([...w.stalls.oldHeads()], []);
  await w.pass(6);
  t.match(w.reasons(), /-checkpoints\[1\] cannot be read .*what is shown of it is old: no answer/);
  t.same([...w.stalls.oldHeads()], [1]);
});

t.test('a refused join is told in the broker’s words, and so is leaving the group', async (t) => {
  const w = await world({ ready: false });
  w.kafka = true;
  w.reports.kafka(true);
  w.reports.caughtUp();
  w.lifecycle.to('JOINING');
  w.reports.member({ member: false, error: 'INCONSISTENT_GROUP_PROTOCOL' });
  await w.pass(3);
  t.equal(w.reasons(), 'cannot join the group order-consumer-group: INCONSISTENT_GROUP_PROTOCOL');
  t.equal(w.lines.length, 1);
  w.lifecycle.to('RUNNING');
  w.reports.member({ member: true, error: null });
  t.equal(w.health.status().phase, 'ready');
  w.reports.member({ member: false, error: 'GROUP_AUTHORIZATION_FAILED' });
  t.equal(w.reasons(), 'out of the group order-consumer-group: GROUP_AUTHORIZATION_FAILED');
  w.reports.member({ member: false, error: null });
  t.match(w.reasons(), /^out of the group order-consumer-group/);
  t.equal(w.health.status().phase, 'not-ready');
});

t.test('a group that lets nobody in for long is an incident', async (t) => {
  const w = await world({ ready: false });
  w.kafka = true;
  w.reports.kafka(true);
  w.reports.caughtUp();
  w.lifecycle.to('JOINING');
  await w.pass(10);
  t.same(w.lines, []);
  await w.pass(5);
  t.equal(w.lines.length, 1);
  t.equal(w.health.status().reasons.length, 1);
});

t.test('heartbeats that nobody answers make it not ready', async (t) => {
  const w = await world();
  w.heartbeatAge = 11_000;
  t.equal(w.health.status().phase, 'ready', 'as long as a rebalance may take');
  w.heartbeatAge = 12_500;
  t.match(w.reasons(), /^the group order-consumer-group does not answer heartbeats$/);
});

t.test('a partition that another instance took over waits in words', async (t) => {
  const w = await world();
  w.tasks = { ...AT_REST, fenced: [2] };
  t.equal(w.health.status().phase, 'not-ready');
  t.match(w.reasons(), /^orders\[2\] was taken over by another instance/);
});

t.test('a handler that never ends and a full partition are told, and stop nothing', async (t) => {
  const w = await world();
  w.progress.tasks.begin('handle', orders, 4711);
  w.progress.tasks.begin('handle', orders, 4712);
  w.progress.tasks.begin('work', orders);
  await w.pass(10);
  const { phase, notes } = w.health.status();
  t.equal(phase, 'ready');
  t.match(notes.join('\n'), /handler works on offset 4711 of orders\[1\] since .* \(and 1 more\)/);
  t.match(notes.join('\n'), /orders\[1\] is full since .*MAX_PENDING=100000/);
  t.equal(w.lines.length, 2);
});

t.test('a problem goes away, a failure does not', async (t) => {
  const w = await world();
  w.reports.problem('topics', 'orders-dlq is compacted');
  w.reports.failed('damaged');
  await w.pass(3);
  t.equal(w.reasons(), 'damaged; orders-dlq is compacted');
  w.reports.problem('topics', null);
  await w.pass(3);
  t.equal(w.reasons(), 'damaged');
  t.same(w.lines, [
    'error: damaged',
    'warn: orders-dlq is compacted',
    'info: over: orders-dlq is compacted',
  ]);
});

t.test('a partition that has stopped is told even with Kafka away', async (t) => {
  const w = await world();
  w.tasks = { ...AT_REST, failures: [{ partition: 0, reason: 'damaged batch' }] };
  w.kafka = false;
  await w.pass(6);
  t.match(w.reasons(), /Kafka is unreachable.*no answer.*; orders\[0\] has stopped: damaged batch/);
});

import t from 'tap';
import { createIncidentLog, type Trouble } from '../../server/service/incidents.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { notingLogger } from '../fixtures/noting-logger.ts';

const down = (words = 'Kafka is unreachable (ECONNREFUSED)'): Trouble => ({
  key: 'kafka',
  words,
  over: 'Kafka answers',
});

function world() {
  const clock = manualClock();
  const logger = notingLogger();
  const incidents = createIncidentLog({ logger, clock });
  return {
    lines: logger.lines,
    /** Looks once a second. */
    async during(seconds: number, conditions: (second: number) => Trouble[]) {
      for (let second = 0; second < seconds; second += 1) {
        incidents.update(conditions(second));
        await clock.advance(1000);
      }
    },
  };
}

t.test('an incident is told when it begins and when it is over', async (t) => {
  const { lines, during } = world();
  await during(60, () => [down()]);
  t.same(lines, ['warn: Kafka is unreachable (ECONNREFUSED)']);
  await during(60, () => []);
  t.same(lines.slice(1), ['info: Kafka answers']);
});

t.test('what has passed by the next look is not told', async (t) => {
  const { lines, during } = world();
  await during(60, (second) => (second % 2 === 0 ? [down()] : []));
  t.same(lines, []);
});

t.test('an incident of a day is told again by the hour, not by the minute', async (t) => {
  const { lines, during } = world();
  await during(86_400, () => [down()]);
  t.ok(lines.length >= 2 && lines.length <= 24, `${lines.length} lines`);
});

t.test('a reason that changes all the time is told at most once a minute, each once', async (t) => {
  const { lines, during } = world();
  await during(600, (second) => [down(['refused', 'closed', 'timeout'][second % 3])]);
  t.ok(lines.length <= 3, `${lines.length} lines`);
  t.equal(new Set(lines).size, lines.length);
});

t.test('three short incidents are told each, a hundred are not', async (t) => {
  const { lines, during } = world();
  const flapping = (second: number) => (second % 10 < 5 ? [down()] : []);
  await during(30, flapping);
  t.equal(lines.filter((line) => line.startsWith('warn')).length, 3);
  t.equal(lines.filter((line) => line.startsWith('info')).length, 3);
  await during(970, flapping);
  t.ok(lines.length <= 6 + 2 * 5, `${lines.length} lines`);
});

t.test('a new incident after a long calm is told at once', async (t) => {
  const { lines, during } = world();
  await during(1000, (second) => (second % 10 < 5 ? [down()] : []));
  await during(700, () => []);
  const before = lines.length;
  await during(2, () => [down()]);
  t.equal(lines.length, before + 1);
});

t.test('the same trouble of many partitions is one line', async (t) => {
  const { lines, during } = world();
  const many = [0, 1, 2].map((p) => ({ key: 'write', words: `dlq[${p}] cannot be written` }));
  await during(3, () => many);
  await during(1, () => []);
  t.same(lines, [
    'warn: dlq[0] cannot be written (and 2 more like it)',
    'info: over: dlq[0] cannot be written',
  ]);
});

t.test('what nothing goes on from by itself is an error', async (t) => {
  const { lines, during } = world();
  await during(2, () => [{ key: 'x', words: 'stopped', final: true }]);
  t.same(lines, ['error: stopped']);
});

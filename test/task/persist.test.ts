import t from 'tap';
import { AppError } from '../../server/errors.ts';
import { createProgress } from '../../server/log/progress.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import { persist } from '../../server/task/persist.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { notingLogger } from '../fixtures/noting-logger.ts';

const tp = { topic: 'g-checkpoints', partition: 1 };
const record = { timestamp: 99, key: null, value: Buffer.from('x'), headers: [] };
const BOUND = 5000;

/** A writer that answers as `append` says. */
function world(append: (records: readonly RecordContent[]) => number | Promise<number>) {
  const clock = manualClock();
  const progress = createProgress(clock);
  const logger = notingLogger();
  const abandoned = new AbortController();
  const writer = {
    append: async (_tp: unknown, records: readonly RecordContent[]) => append(records),
  };
  const deps = { writer, clock, random: () => 1, logger, progress };
  return {
    clock,
    progress,
    logger,
    persisted: persist(deps, tp, [record], abandoned.signal),
    giveUp: () => abandoned.abort(),
  };
}

const refusal = (code: string, words: string) => new AppError(code, words, true);

t.test('an append that is refused for ever is a stall with the last reason', async (t) => {
  const { clock, progress, persisted, giveUp, logger } = world(() => {
    throw refusal('APPEND_FAILED', 'NOT_ENOUGH_REPLICAS (19)');
  });
  await clock.advance(BOUND + 1);
  t.match(progress.stalls(BOUND), [{ doing: 'write', tp, error: 'NOT_ENOUGH_REPLICAS (19)' }]);
  await clock.advance(600_000);
  t.same(logger.lines, [], 'the log hears of it as an incident, not with every try');
  giveUp();
  await clock.advance(BOUND);
  t.equal(await persisted, undefined);
  t.same(progress.stalls(BOUND), [], 'nobody waits for it any more');
});

t.test('who gives up waits neither for a pause nor for an answer', async (t) => {
  const pausing = world(() => {
    throw refusal('APPEND_FAILED', 'EPIPE');
  });
  await pausing.clock.advance(0);
  pausing.giveUp();
  t.equal(await pausing.persisted, undefined);

  const silent = world(() => new Promise<number>(() => {}));
  await silent.clock.advance(0);
  silent.giveUp();
  t.equal(await silent.persisted, undefined);
  t.same(silent.progress.stalls(0), []);
});

t.test('an append that succeeds at last is no stall', async (t) => {
  let tries = 0;
  const { clock, progress, persisted } = world(() => {
    tries += 1;
    if (tries < 8) throw refusal('APPEND_FAILED', 'EPIPE');
    return 12;
  });
  await clock.advance(60_000);
  t.equal(await persisted, 12);
  t.same(progress.stalls(BOUND), []);
});

t.test('what cannot be mended is thrown at once', async (t) => {
  const { progress, clock, persisted } = world(() => {
    throw new AppError('RECORD_TOO_LARGE', 'too large', false);
  });
  await t.rejects(persisted, { code: 'RECORD_TOO_LARGE' });
  await clock.advance(BOUND + 1);
  t.same(progress.stalls(BOUND), []);
});

t.test('records whose time is refused go without one, and the clock is suspected', async (t) => {
  const seen: number[] = [];
  const { persisted, progress } = world(([sent]) => {
    const { timestamp } = sent!;
    seen.push(timestamp);
    if (timestamp >= 0) throw refusal('INVALID_TIMESTAMP', 'INVALID_TIMESTAMP (32)');
    return 3;
  });
  t.equal(await persisted, 3);
  t.same(seen, [99, -1], 'without waiting');
  t.match(progress.notes(), [/g-checkpoints\[1\].*clock of this machine may be wrong/]);
});

t.test('a clock that was set right is suspected no more', async (t) => {
  let ahead = true;
  const { progress, clock, persisted } = world(() => {
    if (ahead) throw refusal('INVALID_TIMESTAMP', 'INVALID_TIMESTAMP (32)');
    return 3;
  });
  await clock.advance(0);
  t.equal(progress.notes().length, 1);
  ahead = false;
  await clock.advance(BOUND);
  await persisted;
  const writer = { append: async () => 4 };
  const deps = { writer, clock, random: () => 1, logger: notingLogger(), progress };
  await persist(deps, tp, [record], new AbortController().signal);
  t.same(progress.notes(), []);
});

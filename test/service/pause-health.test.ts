import t from 'tap';
import { createPauseHealth } from '../../server/service/pause-health.ts';
import type { PauseInForce } from '../../server/view/command-history.ts';

const asked: PauseInForce = {
  ...{ group: 'g', id: 'p', at: 0, by: 'ada', from: '::1', why: 'maintenance' },
  breaker: false,
};
const tripped: PauseInForce = {
  ...asked,
  by: 'order-stream',
  why: '90 of 100 failed',
  breaker: true,
};

function world() {
  const pauses = new Map<number, PauseInForce>();
  const own = new Set<number>();
  const problems = new Map<string, string>();
  const notes = new Map<string, string>();
  const into = (said: Map<string, string>) => (key: string, words: string | null) => {
    if (words === null) said.delete(key);
    else said.set(key, words);
  };
  const say = createPauseHealth({
    commands: { pauses: () => pauses },
    reports: { problem: into(problems), note: into(notes) },
    own: () => own,
  });
  return {
    pauses,
    own,
    say,
    problems: () => [...problems.values()],
    notes: () => [...notes.values()],
  };
}

t.test('a pause that somebody asked for is a note, everywhere', async (t) => {
  const { pauses, own, say, problems, notes } = world();
  own.add(0);
  pauses.set(0, asked).set(1, asked);
  say();
  t.same(problems(), []);
  t.same(notes(), [
    'partition 0 is paused by ada: maintenance',
    'partition 1 is paused by ada: maintenance',
  ]);
});

t.test('one by the breaker is a reason for not being ready where the partition runs', async (t) => {
  const { pauses, own, say, problems, notes } = world();
  pauses.set(0, tripped);
  say();
  t.same([problems(), notes().length], [[], 1]);
  own.add(0);
  say();
  t.same([problems(), notes()], [['partition 0 is paused by order-stream: 90 of 100 failed'], []]);
  pauses.delete(0);
  say();
  t.same([problems(), notes()], [[], []], 'a resume takes it back');
});

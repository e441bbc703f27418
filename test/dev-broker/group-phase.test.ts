import t from 'tap';
import { createGroupPhase } from '../../server/dev-broker/group-phase.ts';

t.test('a group goes from phase to phase as the table says, and no other way', async (t) => {
  const phase = createGroupPhase();
  t.throws(() => phase.to('Stable'), TypeError);
  phase.to('PreparingRebalance');
  t.throws(() => phase.to('Stable'), TypeError);
  phase.to('CompletingRebalance');
  phase.to('Stable');
  t.throws(() => phase.to('Empty'), TypeError);
  t.ok(phase.is('Stable'));
  phase.to('PreparingRebalance');
  phase.to('Empty');
  t.equal(phase.name(), 'Empty');
});

t.test('a phase lasts for ever, unless it has a deadline of its own', async (t) => {
  const phase = createGroupPhase();
  t.notOk(phase.isOver(Number.MAX_SAFE_INTEGER));
  phase.to('PreparingRebalance', 100);
  t.same([phase.isOver(99), phase.isOver(100)], [false, true]);
  t.throws(() => phase.to('Stable', 500));
  t.ok(phase.isOver(100), 'what is refused changes nothing');
  phase.to('CompletingRebalance', 300);
  t.same([phase.isOver(299), phase.isOver(300)], [false, true]);
  phase.to('Stable');
  t.notOk(phase.isOver(Number.MAX_SAFE_INTEGER));
});

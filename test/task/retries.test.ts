import t from 'tap';
import { createLedger } from '../../server/task/ledger.ts';
import { emptyState } from '../../server/task/ledger-state.ts';
import { type Pending, pendingRecord } from '../../server/task/pending.ts';
import { createRetries } from '../../server/task/retries.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { orderFold } from '../fixtures/orders.ts';

/** Retries of one order that waits in a ledger. */
function world() {
  const clock = manualClock();
  const ledger = createLedger(emptyState(0, orderFold.empty()), orderFold, 'g');
  const pending = pendingRecord({ offset: 0, timestamp: 1, body: Buffer.alloc(0) }, null, 0);
  ledger.defer(pending);
  const due: Pending[] = [];
  const letters: string[] = [];
  const failures: unknown[] = [];
  const gate = { open: true };
  const retries = createRetries({
    ledger,
    policy: { maxRetries: 1, backoffMs: 1000, maxBackoffMs: 1000 },
    clock,
    random: () => 0.5,
    onDue: (each) => due.push(each),
    mayGiveUp: () => gate.open,
    onGivenUp: (_pending, cause) => letters.push(cause.text),
    onChange: () => {},
    onFailed: (error) => failures.push(error),
  });
  return { clock, ledger, pending, due, letters, failures, gate, retries };
}

t.test('what failed is due again after its backoff, until its attempts are used up', async (t) => {
  const { clock, pending, due, letters, retries } = world();
  retries.failed(pending, new Error('busy'));
  t.match(pending, { attempts: 1, error: 'busy', dueAt: 500, givenUp: null });
  await clock.advance(499);
  t.same(due, []);
  await clock.advance(1);
  t.same(due, [pending]);
  retries.failed(pending, new Error('still busy'));
  t.match(pending, { attempts: 2, givenUp: 'RETRIES_EXHAUSTED' });
  t.match(letters, [/^RETRIES_EXHAUSTED: still busy/]);
  t.equal(retries.givenUp, 1);
  retries.ended(pending);
  t.equal(retries.givenUp, 0);
});

t.test("a programmer's error is told, and changes nothing of the order", async (t) => {
  const { pending, due, letters, failures, retries } = world();
  const before = { ...pending };
  retries.failed(pending, new TypeError('wrong'));
  t.match(failures, [{ message: 'wrong' }]);
  t.same({ ...pending }, before);
  t.same([due, letters], [[], []]);
});

t.test('of an order that has ended elsewhere nothing is written down', async (t) => {
  const { ledger, pending, retries } = world();
  ledger.readDeadLetter(0, 0, { decode: () => null, redrive: () => null });
  retries.failed(pending, new Error('too late'));
  t.match(pending, { attempts: 0, error: '' });
});

t.test('who is closed calls nobody again', async (t) => {
  const { clock, pending, due, retries } = world();
  retries.failed(pending, new Error('busy'));
  retries.close();
  await clock.advance(10_000);
  t.same(due, []);
});

t.test('what must not be given up waits, and has one attempt left once it may', async (t) => {
  const { pending, due, letters, gate, retries, clock } = world();
  gate.open = false;
  retries.failed(pending, new Error('busy'));
  await clock.advance(500);
  retries.failed(pending, new Error('still busy'));
  t.match(pending, { attempts: 1, givenUp: null, error: /still busy/ });
  t.same(letters, []);
  gate.open = true;
  due.length = 0;
  retries.retryHeldBack();
  t.same(due, [pending]);
  retries.failed(pending, new Error('busy for ever'));
  t.match(letters, [/^RETRIES_EXHAUSTED: busy for ever/]);
});

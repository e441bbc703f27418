import t from 'tap';
import { createIntake } from '../../server/task/intake.ts';
import { pendingRecord } from '../../server/task/pending.ts';

const ofBytes = (bytes: number) =>
  pendingRecord({ offset: 0, timestamp: 1, body: Buffer.alloc(bytes) }, null, 0);

/** An intake, and what it looks at. */
function world() {
  const seen = { pending: { size: 0 }, isFree: true };
  const intake = createIntake({
    limits: { maxPending: 10, maxPendingBytes: 1000 },
    pending: seen.pending,
    isFree: () => seen.isFree,
  });
  /** Whether the next record has been let in. */
  async function isIn(wait: undefined | Promise<void>) {
    let isIn = wait === undefined;
    void wait?.then(() => {
      isIn = true;
    });
    await Promise.resolve();
    await Promise.resolve();
    return isIn;
  }
  return { intake, seen, isIn };
}

t.test('the next record waits at each bound, and comes in some way below it', async (t) => {
  const { intake, seen, isIn } = world();
  seen.pending.size = 10;
  const many = intake.wait();
  seen.pending.size = 9;
  intake.look();
  t.notOk(await isIn(many), 'so as not to be held back again at once');
  seen.pending.size = 8;
  intake.look();
  t.ok(await isIn(many));

  const large = ofBytes(1000);
  intake.add(large);
  const heavy = intake.wait();
  intake.look();
  t.notOk(await isIn(heavy));
  intake.remove(large);
  intake.look();
  t.ok(await isIn(heavy));

  seen.isFree = false;
  const busy = intake.wait();
  intake.look();
  t.notOk(await isIn(busy));
  seen.isFree = true;
  intake.look();
  t.ok(await isIn(busy));
  t.equal(intake.wait(), undefined, 'there is room');
});

t.test('whoever closes lets the record in that is held back', async (t) => {
  const { intake, seen, isIn } = world();
  seen.pending.size = 10;
  const wait = intake.wait();
  intake.look(true);
  t.ok(await isIn(wait));
});

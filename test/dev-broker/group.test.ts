import t from 'tap';
import { ErrorCode } from '../../server/dev-broker/error-code.ts';
import {
  createGroup,
  type JoinAnswer,
  type JoinRequest,
  type SyncAnswer,
} from '../../server/dev-broker/group.ts';

const nothing = new Map<string, Buffer>();

/** A group whose time a test turns by hand, with clients that answer to their names. */
function arrange() {
  let ids = 0;
  let now = 0;
  const group = createGroup((clientId) => `${clientId}-${ids++}`);
  const request = (memberId: string, changes: Partial<JoinRequest> = {}): JoinRequest => ({
    memberId,
    idFirst: false,
    clientId: 'c',
    host: '/127.0.0.1',
    sessionTimeout: 10_000,
    rebalanceTimeout: 60_000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from('m') }],
    ...changes,
  });
  return {
    group,
    /** Joins; the answer is in `answers` as soon as there is one. */
    join(memberId: string, changes: Partial<JoinRequest> = {}) {
      const answers: JoinAnswer[] = [];
      const atOnce = group.join(request(memberId, changes), now, (answer) => answers.push(answer));
      if (atOnce) answers.push(atOnce);
      return answers;
    },
    sync(memberId: string, generation: number, assignments: ReadonlyMap<string, Buffer> = nothing) {
      const answers: SyncAnswer[] = [];
      const sync = { memberId, generation, assignments };
      const atOnce = group.sync(sync, now, (answer) => answers.push(answer));
      if (atOnce) answers.push(atOnce);
      return answers;
    },
    heartbeat: (memberId: string, generation: number) => group.heartbeat(memberId, generation, now),
    pass(ms: number) {
      now += ms;
      group.expire(now);
    },
    now: () => now,
  };
}

/** A group of two, stable in generation 2; `a` leads. */
function arrangeTwo() {
  const world = arrange();
  const a = world.join('')[0]!.memberId;
  world.sync(a, 1);
  const second = world.join('');
  const first = world.join(a);
  const b = second[0]!.memberId;
  const forB = world.sync(b, 2);
  world.sync(a, 2, new Map([[b, Buffer.from('half')]]));
  return { ...world, a, b, first, second, forB };
}

t.test('the first member leads, and is assigned what it says itself', async (t) => {
  const { group, join, sync } = arrange();
  const [answer] = join('');
  t.match(answer, { error: 0, generation: 1, protocol: 'range', leader: 'c-0', memberId: 'c-0' });
  t.same(answer?.members, [{ id: 'c-0', metadata: Buffer.from('m') }]);
  t.equal(group.state(), 'CompletingRebalance');
  const synced = sync('c-0', 1, new Map([['c-0', Buffer.from('all')]]));
  t.same(synced, [{ error: 0, assignment: Buffer.from('all') }]);
  t.equal(group.state(), 'Stable');
});

t.test('a second member waits until the first has come back', async (t) => {
  const { join, sync, heartbeat } = arrange();
  join('');
  sync('c-0', 1);
  const second = join('');
  t.same(second, [], 'the barrier holds it');
  t.equal(heartbeat('c-0', 1), ErrorCode.REBALANCE_IN_PROGRESS);
  const first = join('c-0');
  t.match(first, [{ generation: 2, leader: 'c-0', members: [{ id: 'c-0' }, { id: 'c-1' }] }]);
  t.match(second, [{ generation: 2, leader: 'c-0', memberId: 'c-1', members: [] }]);
});

t.test('who follows is assigned when the leader has said what', async (t) => {
  const { forB, group } = arrangeTwo();
  t.same(forB, [{ error: 0, assignment: Buffer.from('half') }]);
  t.match(group.describe(), { state: 'Stable', protocol: 'range', members: [{}, {}] });
});

t.test('a new rebalance fails the syncs of the old one', async (t) => {
  const { join, sync } = arrange();
  join('');
  sync('c-0', 1);
  join('');
  join('c-0');
  const waiting = sync('c-1', 2);
  join('');
  t.match(waiting, [{ error: ErrorCode.REBALANCE_IN_PROGRESS }]);
});

t.test('a member that leaves, or falls silent, makes the others join again', async (t) => {
  for (const go of ['leave', 'expire']) {
    const { group, a, b, heartbeat, join, pass, now } = arrangeTwo();
    if (go === 'leave') t.equal(group.leave(b, now()), ErrorCode.NONE);
    else {
      pass(9_000);
      heartbeat(a, 2);
      pass(1_000);
    }
    t.equal(heartbeat(b, 2), ErrorCode.UNKNOWN_MEMBER_ID, go);
    t.equal(heartbeat(a, 2), ErrorCode.REBALANCE_IN_PROGRESS, go);
    t.match(join(a), [{ error: 0, generation: 3, members: [{ id: a }] }], go);
  }
});

t.test('who does not come back in time is dropped, and who waits never expires', async (t) => {
  const { a, b, join, heartbeat, pass } = arrangeTwo();
  const first = join(a, { protocols: [{ name: 'range', metadata: Buffer.from('other') }] });
  for (let passed = 0; passed < 59_000; passed += 5_000) {
    pass(5_000);
    heartbeat(b, 2);
  }
  pass(5_000);
  t.match(first, [{ error: 0, generation: 3, members: [{ id: a }] }]);
  t.equal(heartbeat(b, 3), ErrorCode.UNKNOWN_MEMBER_ID);
});

t.test('a leader that never syncs is dropped with time', async (t) => {
  const { join, sync, heartbeat, pass } = arrange();
  join('');
  sync('c-0', 1);
  const second = join('', { rebalanceTimeout: 5_000 });
  join('c-0', { rebalanceTimeout: 5_000 });
  t.equal(second.length, 1);
  const waiting = sync('c-1', 2);
  pass(5_000);
  t.match(waiting, [{ error: ErrorCode.REBALANCE_IN_PROGRESS }]);
  t.equal(heartbeat('c-0', 2), ErrorCode.UNKNOWN_MEMBER_ID);
  t.match(join('c-1'), [{ error: 0, generation: 3, leader: 'c-1' }]);
});

t.test('the last member leaves an empty group, in a new generation', async (t) => {
  const { group, join, now } = arrange();
  join('');
  group.leave('c-0', now());
  t.equal(group.state(), 'Empty');
  t.ok(group.isIdle());
  t.match(join(''), [{ generation: 3, leader: 'c-1' }]);
});

t.test('old generations and strangers are refused', async (t) => {
  const { a, heartbeat, sync, join, group, now } = arrangeTwo();
  t.equal(heartbeat(a, 1), ErrorCode.ILLEGAL_GENERATION);
  t.equal(heartbeat('z', 2), ErrorCode.UNKNOWN_MEMBER_ID);
  t.match(sync('z', 2), [{ error: ErrorCode.UNKNOWN_MEMBER_ID }]);
  t.match(sync(a, 1), [{ error: ErrorCode.ILLEGAL_GENERATION }]);
  t.match(join('z'), [{ error: ErrorCode.UNKNOWN_MEMBER_ID }]);
  t.equal(group.leave('z', now()), ErrorCode.UNKNOWN_MEMBER_ID);
  t.equal(group.commit('z', 2, now()), ErrorCode.UNKNOWN_MEMBER_ID);
  t.equal(group.commit(a, 1, now()), ErrorCode.ILLEGAL_GENERATION);
  t.equal(group.commit(a, 2, now()), ErrorCode.NONE);
  t.equal(group.commit('', -1, now()), ErrorCode.UNKNOWN_MEMBER_ID, 'nobody, in a full group');
});

t.test('nobody may commit for an empty group, and no one between join and sync', async (t) => {
  const { group, join, now } = arrange();
  t.equal(group.commit('', -1, now()), ErrorCode.NONE);
  join('');
  t.equal(group.commit('c-0', 1, now()), ErrorCode.REBALANCE_IN_PROGRESS);
});

t.test('a member is told its id first, and holds the barrier until it comes with it', async (t) => {
  const { join, pass } = arrange();
  const told = join('', { idFirst: true });
  t.match(told, [{ error: ErrorCode.MEMBER_ID_REQUIRED, memberId: 'c-0' }]);
  const other = join('');
  t.same(other, [], 'an id is out');
  const back = join('c-0', { idFirst: true });
  t.match([back, other], [[{ error: 0, memberId: 'c-0' }], [{ error: 0, memberId: 'c-1' }]]);
  join('', { idFirst: true });
  pass(10_000);
  t.match(join('c-2'), [{ error: ErrorCode.UNKNOWN_MEMBER_ID }], 'an id expires');
});

t.test('the protocol is one that all know, and the one most members like', async (t) => {
  const { join, sync } = arrange();
  const named = (...names: string[]) => ({
    protocols: names.map((name) => ({ name, metadata: Buffer.from(name) })),
  });
  join('', named('x', 'y', 'z'));
  sync('c-0', 1);
  const second = join('', named('z', 'y'));
  t.match(join('', named('q')), [{ error: ErrorCode.INCONSISTENT_GROUP_PROTOCOL }]);
  t.match(join('', { protocolType: 'connect' }), [{ error: 23 }]);
  t.match(join('', named()), [{ error: 23 }]);
  join('c-0', named('x', 'y', 'z'));
  t.match(second, [{ protocol: 'y' }]);
});

t.test(
  'a repeated join learns the present generation, a changed one makes a new one',
  async (t) => {
    const { b, a, group, join } = arrangeTwo();
    t.match(join(b), [{ error: 0, generation: 2, memberId: b }], 'its answer was lost');
    t.equal(group.state(), 'Stable');
    t.same(join(a), [], 'the leader wants to assign anew');
    t.equal(group.state(), 'PreparingRebalance');
  },
);

t.test('a second join of one member takes the place of the first', async (t) => {
  const { a, b, join } = arrangeTwo();
  const before = join(a);
  const after = join(a);
  t.match(before, [{ error: ErrorCode.UNKNOWN_MEMBER_ID }]);
  join(b);
  t.match(after, [{ error: 0, generation: 3 }]);
});

t.test('sessions that are too short or too long are refused', async (t) => {
  const { join } = arrange();
  for (const sessionTimeout of [-1, 0, 999, 1_800_001]) {
    t.match(join('', { sessionTimeout }), [{ error: ErrorCode.INVALID_SESSION_TIMEOUT }]);
  }
});

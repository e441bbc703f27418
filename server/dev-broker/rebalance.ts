// PURE: who is in a group, and the rounds in which its members agree on an assignment. Time is an argument.
//
//   EMPTY ──join──▶ PREPARING ──all joined, or time is up──▶ COMPLETING ──leader's sync──▶ STABLE
//     ▲                │ ▲                                       │                           │
//     └──nobody left───┘ └──────── join, leave, expiry ──────────┴───────────────────────────┘
import { ErrorCode } from './error-code.ts';
import { elect, type Protocols } from './group-protocol.ts';

/** By the names that Kafka's tools show. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable';

const NEXT: Record<GroupState, readonly GroupState[]> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['CompletingRebalance', 'Empty'],
  CompletingRebalance: ['Stable', 'PreparingRebalance'],
  Stable: ['PreparingRebalance'],
};

export type Member = {
  readonly id: string;
  readonly clientId: string;
  readonly host: string;
  readonly sessionTimeout: number;
  readonly rebalanceTimeout: number;
  readonly protocols: Protocols;
  assignment: Buffer;
  expiresAt: number;
  /** A request that waits for an answer; who waits does not expire. */
  waiting: { readonly for: 'join' | 'sync'; readonly settle: (error: ErrorCode) => void } | null;
};

/** What the members have agreed on. */
export type Generation = {
  readonly number: number;
  readonly protocol: string;
  /** The member that assigns. */
  readonly leader: string;
};

export type Rebalance = ReturnType<typeof createRebalance>;

/** Nobody yet. */
export function createRebalance() {
  const members = new Map<string, Member>();
  /** Ids given out whose owners have not come back yet, with the time they expire. */
  const expected = new Map<string, number>();
  let state: GroupState = 'Empty';
  let generation: Generation = { number: 0, protocol: '', leader: '' };
  /** When a round stops waiting for who does not come. */
  let deadline = Number.POSITIVE_INFINITY;

  const all = () => [...members.values()];

  function to(next: GroupState): void {
    if (!NEXT[state].includes(next)) throw new TypeError(`a group in ${state} cannot be ${next}`);
    state = next;
  }

  function touch(member: Member, now: number): void {
    member.expiresAt = now + member.sessionTimeout;
  }

  function settle(member: Member, error: ErrorCode, now: number): void {
    const { waiting } = member;
    member.waiting = null;
    touch(member, now);
    waiting?.settle(error);
  }

  function startDeadline(now: number): void {
    deadline = now + Math.max(...all().map(({ rebalanceTimeout }) => rebalanceTimeout));
  }

  /** Begins a round, or looks whether the one under way has everybody. */
  function prepare(now: number): void {
    if (state !== 'PreparingRebalance') {
      for (const member of all()) {
        if (member.waiting?.for === 'sync') settle(member, ErrorCode.REBALANCE_IN_PROGRESS, now);
      }
      to('PreparingRebalance');
      startDeadline(now);
    }
    completeIfAllJoined(now);
  }

  function completeIfAllJoined(now: number): void {
    if (state !== 'PreparingRebalance' || expected.size > 0) return;
    if (all().every(({ waiting }) => waiting)) complete(now);
  }

  function complete(now: number): void {
    const number = generation.number + 1;
    if (members.size === 0) {
      generation = { ...generation, number };
      to('Empty');
      deadline = Number.POSITIVE_INFINITY;
      return;
    }
    const leader = members.has(generation.leader) ? generation.leader : all()[0]!.id;
    const protocol = elect(all().map(({ protocols }) => protocols));
    generation = { number, protocol, leader };
    to('CompletingRebalance');
    startDeadline(now);
    for (const member of all()) settle(member, ErrorCode.NONE, now);
  }

  function remove(member: Member, now: number): void {
    members.delete(member.id);
    settle(member, ErrorCode.UNKNOWN_MEMBER_ID, now);
    prepare(now);
  }

  return {
    members,
    expected,
    all,
    state: () => state,
    generation: () => generation,
    /** A member was heard of. */
    touch,
    /** Answers the request of a member that waits, if one does. */
    settle,
    prepare,
    completeIfAllJoined,
    remove,

    /** The leader has said who gets what; whoever it leaves out gets nothing. */
    assign(assignments: ReadonlyMap<string, Buffer>, now: number): void {
      to('Stable');
      deadline = Number.POSITIVE_INFINITY;
      for (const each of all()) {
        each.assignment = assignments.get(each.id) ?? Buffer.alloc(0);
        settle(each, ErrorCode.NONE, now);
      }
    },

    /** Removes who has not been heard of in time, and ends what was waited for long enough. */
    expire(now: number): void {
      for (const [id, expiresAt] of expected) if (expiresAt <= now) expected.delete(id);
      for (const member of all()) {
        if (member.expiresAt <= now && !member.waiting) remove(member, now);
      }
      completeIfAllJoined(now);
      if (now < deadline) return;
      for (const { id, waiting } of all()) if (!waiting) members.delete(id);
      if (state === 'PreparingRebalance') complete(now);
      else prepare(now);
    },
  };
}

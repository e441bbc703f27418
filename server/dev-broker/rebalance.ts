// PURE: who is in a group, and the rounds in which its members agree on an assignment. Time is an argument.
import { ErrorCode } from './error-code.ts';
import { createGroupPhase } from './group-phase.ts';
import { elect, type Protocols } from './group-protocol.ts';

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
  const phase = createGroupPhase();
  let generation: Generation = { number: 0, protocol: '', leader: '' };

  const all = () => [...members.values()];

  function touch(member: Member, now: number): void {
    member.expiresAt = now + member.sessionTimeout;
  }

  function settle(member: Member, error: ErrorCode, now: number): void {
    const { waiting } = member;
    member.waiting = null;
    touch(member, now);
    waiting?.settle(error);
  }

  /** When a round stops waiting for who does not come. */
  function deadline(now: number): number {
    return now + Math.max(...all().map(({ rebalanceTimeout }) => rebalanceTimeout));
  }

  /** Begins a round, or looks whether the one under way has everybody. */
  function prepare(now: number): void {
    if (!phase.is('PreparingRebalance')) {
      for (const member of all()) {
        if (member.waiting?.for === 'sync') settle(member, ErrorCode.REBALANCE_IN_PROGRESS, now);
      }
      phase.to('PreparingRebalance', deadline(now));
    }
    completeIfAllJoined(now);
  }

  function completeIfAllJoined(now: number): void {
    if (!phase.is('PreparingRebalance') || expected.size > 0) return;
    if (all().every(({ waiting }) => waiting)) complete(now);
  }

  function complete(now: number): void {
    const number = generation.number + 1;
    if (members.size === 0) {
      generation = { ...generation, number };
      phase.to('Empty');
      return;
    }
    const leader = members.has(generation.leader) ? generation.leader : all()[0]!.id;
    const protocol = elect(all().map(({ protocols }) => protocols));
    generation = { number, protocol, leader };
    phase.to('CompletingRebalance', deadline(now));
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
    state: phase.name,
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
      phase.to('Stable');
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
      if (!phase.isOver(now)) return;
      for (const { id, waiting } of all()) if (!waiting) members.delete(id);
      if (phase.is('PreparingRebalance')) complete(now);
      else prepare(now);
    },
  };
}

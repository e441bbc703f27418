// PURE: a classic consumer group as Kafka's coordinator runs it. Time is an argument; a request that
// has to wait is answered later, by the function given with it.
//
//   EMPTY ──join──▶ PREPARING ──all joined, or time is up──▶ COMPLETING ──leader's sync──▶ STABLE
//     ▲                │ ▲                                       │                           │
//     └──nobody left───┘ └──────── join, leave, expiry ──────────┴───────────────────────────┘
import { ErrorCode } from './error-code.ts';

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable';

export type Protocol = { readonly name: string; readonly metadata: Buffer };

export type JoinRequest = {
  readonly memberId: string;
  /** Whether who comes without an id is told one first, to come back with it (KIP-394). */
  readonly idFirst: boolean;
  readonly clientId: string;
  readonly host: string;
  readonly sessionTimeout: number;
  readonly rebalanceTimeout: number;
  readonly protocolType: string;
  readonly protocols: readonly Protocol[];
};

export type JoinAnswer = {
  readonly error: ErrorCode;
  readonly generation: number;
  readonly protocol: string;
  readonly leader: string;
  readonly memberId: string;
  /** For the leader only: whom to assign to. */
  readonly members: readonly { readonly id: string; readonly metadata: Buffer }[];
};

export type SyncRequest = {
  readonly generation: number;
  readonly memberId: string;
  readonly assignments: ReadonlyMap<string, Buffer>;
};

export type SyncAnswer = { readonly error: ErrorCode; readonly assignment: Buffer };

type Member = Omit<JoinRequest, 'memberId' | 'idFirst' | 'protocolType'> & {
  readonly id: string;
  assignment: Buffer;
  expiresAt: number;
  /** A request that waits for an answer; who waits does not expire. */
  waiting: { readonly for: 'join' | 'sync'; readonly settle: (error: ErrorCode) => void } | null;
};

export type Group = ReturnType<typeof createGroup>;

const MIN_SESSION = 1000;
const MAX_SESSION = 1_800_000;
const nothing = Buffer.alloc(0);

/** A join that comes to nothing. */
export function refuseJoin(error: ErrorCode, memberId: string): JoinAnswer {
  return { error, generation: -1, protocol: '', leader: '', memberId, members: [] };
}

const names = (protocols: readonly Protocol[]) => protocols.map(({ name }) => name);

function sameProtocols(a: readonly Protocol[], b: readonly Protocol[]): boolean {
  const isSame = (one: Protocol, other: Protocol | undefined) =>
    one.name === other?.name && one.metadata.equals(other.metadata);
  return a.length === b.length && a.every((one, i) => isSame(one, b[i]));
}

/** A group without members; `newMemberId` gives ids that never repeat. */
export function createGroup(newMemberId: (clientId: string) => string) {
  const members = new Map<string, Member>();
  /** Ids given out whose owners have not come back yet, with the time they expire. */
  const pending = new Map<string, number>();
  let state: GroupState = 'Empty';
  let generation = 0;
  let protocolType = '';
  let protocol = '';
  let leader = '';
  /** When a rebalance stops waiting for who does not come. */
  let deadline = Number.POSITIVE_INFINITY;

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

  /** Names that all members know. */
  const common = (of: readonly Member[]) =>
    names(of[0]?.protocols ?? []).filter((name) =>
      of.every(({ protocols }) => names(protocols).includes(name)),
    );

  /** The common protocol that most members like best. */
  function vote(): string {
    const candidates = common(all());
    const votes = new Map(candidates.map((name) => [name, 0]));
    for (const { protocols } of all()) {
      const choice = names(protocols).find((name) => votes.has(name))!;
      votes.set(choice, votes.get(choice)! + 1);
    }
    return candidates.reduce((best, name) => (votes.get(name)! > votes.get(best)! ? name : best));
  }

  const metadataOf = ({ protocols }: Member) =>
    protocols.find(({ name }) => name === protocol)?.metadata ?? nothing;

  function currentGeneration({ id: memberId }: Member): JoinAnswer {
    const list = all().map((each) => ({ id: each.id, metadata: metadataOf(each) }));
    const given = { generation, protocol, leader, memberId };
    return { error: ErrorCode.NONE, ...given, members: memberId === leader ? list : [] };
  }

  function startDeadline(now: number): void {
    deadline = now + Math.max(...all().map(({ rebalanceTimeout }) => rebalanceTimeout));
  }

  function prepare(now: number): void {
    for (const member of all()) {
      if (member.waiting?.for === 'sync') settle(member, ErrorCode.REBALANCE_IN_PROGRESS, now);
    }
    state = 'PreparingRebalance';
    startDeadline(now);
    completeIfAllJoined(now);
  }

  function completeIfAllJoined(now: number): void {
    if (state !== 'PreparingRebalance' || pending.size > 0) return;
    if (all().every(({ waiting }) => waiting)) complete(now);
  }

  function complete(now: number): void {
    generation += 1;
    if (members.size === 0) {
      state = 'Empty';
      deadline = Number.POSITIVE_INFINITY;
      return;
    }
    state = 'CompletingRebalance';
    if (!members.has(leader)) leader = all()[0]!.id;
    protocol = vote();
    startDeadline(now);
    for (const member of all()) settle(member, ErrorCode.NONE, now);
  }

  function remove(member: Member, now: number): void {
    members.delete(member.id);
    settle(member, ErrorCode.UNKNOWN_MEMBER_ID, now);
    if (state === 'PreparingRebalance') completeIfAllJoined(now);
    else prepare(now);
  }

  /** Why a request of a member is refused, whatever it asks for. */
  function refusal(memberId: string, of: number): ErrorCode {
    if (!members.has(memberId)) return ErrorCode.UNKNOWN_MEMBER_ID;
    return of === generation ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION;
  }

  function fits({ memberId, protocolType: type, protocols }: JoinRequest): boolean {
    const others = all().filter(({ id }) => id !== memberId);
    if (type === '' || protocols.length === 0) return false;
    if (others.length === 0) return true;
    return type === protocolType && common(others).some((name) => names(protocols).includes(name));
  }

  return {
    state: () => state,
    /** Whether nobody is in the group or about to be. */
    isIdle: () => members.size === 0 && pending.size === 0,
    /** How many are in the group or about to be. */
    size: () => members.size + pending.size,

    /** The answer, or null when it comes later by `reply`. */
    join(request: JoinRequest, now: number, reply: (answer: JoinAnswer) => void) {
      const { memberId, idFirst, protocolType: type, ...joining } = request;
      const { sessionTimeout, clientId } = joining;
      if (sessionTimeout < MIN_SESSION || sessionTimeout > MAX_SESSION) {
        return refuseJoin(ErrorCode.INVALID_SESSION_TIMEOUT, memberId);
      }
      if (!fits(request)) return refuseJoin(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, memberId);
      const id = memberId || newMemberId(clientId);
      if (memberId === '' && idFirst) {
        pending.set(id, now + sessionTimeout);
        return refuseJoin(ErrorCode.MEMBER_ID_REQUIRED, id);
      }
      const known = members.get(id);
      if (memberId !== '' && !known && !pending.delete(memberId)) {
        return refuseJoin(ErrorCode.UNKNOWN_MEMBER_ID, memberId);
      }
      const isChanged = !known || !sameProtocols(known.protocols, joining.protocols);
      const member: Member = known
        ? Object.assign(known, joining)
        : { ...joining, id, assignment: nothing, expiresAt: 0, waiting: null };
      members.set(id, member);
      protocolType = type;
      // A second request of the same member takes the place of the first, whose answer nobody awaits.
      settle(member, ErrorCode.UNKNOWN_MEMBER_ID, now);
      const isRepeated =
        state === 'CompletingRebalance' || (state === 'Stable' && member.id !== leader);
      if (!isChanged && isRepeated) return currentGeneration(member);
      const answer = (error: ErrorCode) =>
        reply(error === ErrorCode.NONE ? currentGeneration(member) : refuseJoin(error, id));
      member.waiting = { for: 'join', settle: answer };
      if (state === 'PreparingRebalance') completeIfAllJoined(now);
      else prepare(now);
      return null;
    },

    /** The answer, or null when it comes later by `reply`. */
    sync(request: SyncRequest, now: number, reply: (answer: SyncAnswer) => void) {
      const { memberId, assignments } = request;
      let error = refusal(memberId, request.generation);
      if (!error && state === 'PreparingRebalance') error = ErrorCode.REBALANCE_IN_PROGRESS;
      if (error !== ErrorCode.NONE) return { error, assignment: nothing };
      const member = members.get(memberId)!;
      settle(member, ErrorCode.REBALANCE_IN_PROGRESS, now);
      if (state === 'Stable') return { error, assignment: member.assignment };
      const answer = (error: ErrorCode) =>
        reply({ error, assignment: error === ErrorCode.NONE ? member.assignment : nothing });
      member.waiting = { for: 'sync', settle: answer };
      if (memberId !== leader) return null;
      state = 'Stable';
      deadline = Number.POSITIVE_INFINITY;
      for (const each of all()) {
        each.assignment = assignments.get(each.id) ?? nothing;
        settle(each, ErrorCode.NONE, now);
      }
      return null;
    },

    heartbeat(memberId: string, of: number, now: number): ErrorCode {
      const error = refusal(memberId, of);
      if (error !== ErrorCode.NONE) return error;
      touch(members.get(memberId)!, now);
      return state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
    },

    leave(memberId: string, now: number): ErrorCode {
      const member = members.get(memberId);
      if (member) remove(member, now);
      else if (pending.delete(memberId)) completeIfAllJoined(now);
      else return ErrorCode.UNKNOWN_MEMBER_ID;
      return ErrorCode.NONE;
    },

    /** Whether offsets may be committed, which also counts as a heartbeat. */
    commit(memberId: string, of: number, now: number): ErrorCode {
      // Tools commit for nobody, while nobody is there.
      if (of < 0 && memberId === '' && members.size === 0) return ErrorCode.NONE;
      const error = refusal(memberId, of);
      if (error !== ErrorCode.NONE) return error;
      if (state === 'CompletingRebalance') return ErrorCode.REBALANCE_IN_PROGRESS;
      touch(members.get(memberId)!, now);
      return ErrorCode.NONE;
    },

    /** Removes who has not been heard of in time, and ends what was waited for long enough. */
    expire(now: number): void {
      for (const [id, expiresAt] of pending) if (expiresAt <= now) pending.delete(id);
      for (const member of all()) {
        if (member.expiresAt <= now && !member.waiting) remove(member, now);
      }
      completeIfAllJoined(now);
      if (now < deadline) return;
      for (const { id, waiting } of all()) if (!waiting) members.delete(id);
      if (state === 'PreparingRebalance') complete(now);
      else prepare(now);
    },

    /** What tools show; subscriptions and assignments only while they hold. */
    describe() {
      const isStable = state === 'Stable';
      const list = all().map((member) => ({
        id: member.id,
        clientId: member.clientId,
        host: member.host,
        metadata: isStable ? metadataOf(member) : nothing,
        assignment: isStable ? member.assignment : nothing,
      }));
      return { state, protocolType, protocol: isStable ? protocol : '', members: list };
    },
  };
}

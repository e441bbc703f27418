// PURE: a classic consumer group, as Kafka's coordinator runs it. Time is an argument; answers go to
// the functions given with the request, at once or when the group has got that far.
//
//   EMPTY ──join──▶ PREPARING ──all joined, or time is up──▶ COMPLETING ──leader's sync──▶ STABLE
//     ▲                │ ▲                                       │                           │
//     └──nobody left───┘ └──────── join, leave, expiry ──────────┴───────────────────────────┘
import { ErrorCode } from './error-code.ts';

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable';

export type Protocol = { readonly name: string; readonly metadata: Buffer };

export type JoinRequest = {
  readonly memberId: string;
  /** Whether a member without an id is told one first, to come back with it (KIP-394). */
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

type Reply<Answer> = (answer: Answer) => void;

type Member = {
  readonly id: string;
  readonly clientId: string;
  readonly host: string;
  sessionTimeout: number;
  rebalanceTimeout: number;
  protocols: readonly Protocol[];
  assignment: Buffer;
  expiresAt: number;
  join: Reply<JoinAnswer> | null;
  sync: Reply<SyncAnswer> | null;
};

export type Group = ReturnType<typeof createGroup>;

const MIN_SESSION = 1000;
const MAX_SESSION = 1_800_000;
const nothing = Buffer.alloc(0);

/** A join that comes to nothing. */
export const refuseJoin = (error: ErrorCode, memberId: string): JoinAnswer => ({
  error,
  generation: -1,
  protocol: '',
  leader: '',
  memberId,
  members: [],
});

function sameProtocols(a: readonly Protocol[], b: readonly Protocol[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, metadata }, i) => name === b[i]!.name && metadata.equals(b[i]!.metadata))
  );
}

/** A group without members; `newMemberId` gives ids that never repeat. */
export function createGroup({ newMemberId }: { newMemberId: (clientId: string) => string }) {
  const members = new Map<string, Member>();
  /** Ids given out whose owner has not come back yet, by the time they expire. */
  const pending = new Map<string, number>();
  let state: GroupState = 'Empty';
  let generation = 0;
  let protocolType = '';
  let protocol = '';
  let leader = '';
  /** When a rebalance stops waiting for members that do not come. */
  let deadline = Number.POSITIVE_INFINITY;

  const rebalanceTimeout = () =>
    Math.max(...[...members.values()].map((member) => member.rebalanceTimeout));

  function prepare(now: number): void {
    for (const member of members.values()) {
      answerSync(member, { error: ErrorCode.REBALANCE_IN_PROGRESS, assignment: nothing }, now);
    }
    state = 'PreparingRebalance';
    deadline = now + rebalanceTimeout();
    completeIfAllJoined(now);
  }

  function completeIfAllJoined(now: number): void {
    if (state !== 'PreparingRebalance' || pending.size > 0) return;
    if ([...members.values()].every((member) => member.join)) complete(now);
  }

  function complete(now: number): void {
    generation += 1;
    if (members.size === 0) {
      state = 'Empty';
      [protocol, leader, deadline] = ['', '', Number.POSITIVE_INFINITY];
      return;
    }
    state = 'CompletingRebalance';
    if (!members.has(leader)) leader = members.keys().next().value!;
    protocol = vote();
    deadline = now + rebalanceTimeout();
    for (const member of members.values()) answerJoin(member, currentGeneration(member), now);
  }

  /** The protocol that all members know and most of them like best. */
  function vote(): string {
    const [first, ...others] = [...members.values()];
    const common = first!.protocols
      .map(({ name }) => name)
      .filter((name) => others.every((member) => member.protocols.some((p) => p.name === name)));
    const votes = new Map(common.map((name) => [name, 0]));
    for (const member of members.values()) {
      const { name } = member.protocols.find((p) => votes.has(p.name))!;
      votes.set(name, votes.get(name)! + 1);
    }
    return common.reduce((best, name) => (votes.get(name)! > votes.get(best)! ? name : best));
  }

  const metadataOf = (member: Member) =>
    member.protocols.find(({ name }) => name === protocol)?.metadata ?? nothing;

  function currentGeneration(member: Member): JoinAnswer {
    const all = [...members.values()].map((m) => ({ id: m.id, metadata: metadataOf(m) }));
    const list = member.id === leader ? all : [];
    const [error, memberId] = [ErrorCode.NONE, member.id];
    return { error, generation, protocol, leader, memberId, members: list };
  }

  function answerJoin(member: Member, answer: JoinAnswer, now: number): void {
    const reply = member.join;
    member.join = null;
    member.expiresAt = now + member.sessionTimeout;
    reply?.(answer);
  }

  function answerSync(member: Member, answer: SyncAnswer, now: number): void {
    if (!member.sync) return;
    const reply = member.sync;
    member.sync = null;
    member.expiresAt = now + member.sessionTimeout;
    reply(answer);
  }

  function isKnownEverywhere(protocols: readonly Protocol[], joining: string): boolean {
    const others = [...members.values()].filter(({ id }) => id !== joining);
    return protocols.some(({ name }) =>
      others.every((member) => member.protocols.some((p) => p.name === name)),
    );
  }

  function remove(member: Member, now: number): void {
    members.delete(member.id);
    answerJoin(member, refuseJoin(ErrorCode.UNKNOWN_MEMBER_ID, member.id), now);
    answerSync(member, { error: ErrorCode.UNKNOWN_MEMBER_ID, assignment: nothing }, now);
    if (state === 'PreparingRebalance') completeIfAllJoined(now);
    else prepare(now);
  }

  /** Why a request of a member is refused, whatever it asks for. */
  function refusal(memberId: string, of: number): ErrorCode {
    if (!members.has(memberId)) return ErrorCode.UNKNOWN_MEMBER_ID;
    return of === generation ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION;
  }

  return {
    state: () => state,
    /** Whether nobody is in the group or about to be. */
    isIdle: () => members.size === 0 && pending.size === 0,

    /** The answer, or null when it comes later by `reply`. */
    join(request: JoinRequest, now: number, reply: Reply<JoinAnswer>): JoinAnswer | null {
      const { memberId, sessionTimeout, protocols } = request;
      const refuse = (error: ErrorCode, id = memberId) => refuseJoin(error, id);
      if (sessionTimeout < MIN_SESSION || sessionTimeout > MAX_SESSION) {
        return refuse(ErrorCode.INVALID_SESSION_TIMEOUT);
      }
      const fits =
        state === 'Empty'
          ? request.protocolType !== '' && protocols.length > 0
          : request.protocolType === protocolType && isKnownEverywhere(protocols, memberId);
      if (!fits) return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
      if (memberId === '' && request.idFirst) {
        const id = newMemberId(request.clientId);
        pending.set(id, now + sessionTimeout);
        return refuse(ErrorCode.MEMBER_ID_REQUIRED, id);
      }
      const known = members.get(memberId);
      if (memberId !== '' && !known && !pending.delete(memberId)) {
        return refuse(ErrorCode.UNKNOWN_MEMBER_ID);
      }
      const member: Member = known ?? {
        id: memberId || newMemberId(request.clientId),
        clientId: request.clientId,
        host: request.host,
        sessionTimeout,
        rebalanceTimeout: request.rebalanceTimeout,
        protocols,
        assignment: nothing,
        expiresAt: now + sessionTimeout,
        join: null,
        sync: null,
      };
      const unchanged = known !== undefined && sameProtocols(known.protocols, protocols);
      const { rebalanceTimeout } = request;
      Object.assign(member, { sessionTimeout, rebalanceTimeout, protocols });
      // A second join of the same member takes the place of the first, whose answer nobody awaits.
      answerJoin(member, refuseJoin(ErrorCode.UNKNOWN_MEMBER_ID, member.id), now);
      members.set(member.id, member);
      protocolType = request.protocolType;
      const isRepeated =
        state === 'CompletingRebalance' || (state === 'Stable' && member.id !== leader);
      if (unchanged && isRepeated) return currentGeneration(member);
      member.join = reply;
      if (state === 'PreparingRebalance') completeIfAllJoined(now);
      else prepare(now);
      return null;
    },

    /** The answer, or null when it comes later by `reply`. */
    sync(request: SyncRequest, now: number, reply: Reply<SyncAnswer>): SyncAnswer | null {
      const { memberId, assignments } = request;
      const refuse = (error: ErrorCode) => ({ error, assignment: nothing });
      const error = refusal(memberId, request.generation);
      if (error !== ErrorCode.NONE) return refuse(error);
      if (state === 'PreparingRebalance') return refuse(ErrorCode.REBALANCE_IN_PROGRESS);
      const member = members.get(memberId)!;
      member.expiresAt = now + member.sessionTimeout;
      if (state === 'Stable') return { error, assignment: member.assignment };
      member.sync = reply;
      if (memberId !== leader) return null;
      state = 'Stable';
      deadline = Number.POSITIVE_INFINITY;
      for (const each of members.values()) {
        each.assignment = assignments.get(each.id) ?? nothing;
        answerSync(each, { error: ErrorCode.NONE, assignment: each.assignment }, now);
      }
      return null;
    },

    heartbeat(memberId: string, of: number, now: number): ErrorCode {
      const error = refusal(memberId, of);
      if (error !== ErrorCode.NONE) return error;
      const member = members.get(memberId)!;
      member.expiresAt = now + member.sessionTimeout;
      return state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
    },

    leave(memberId: string, now: number): ErrorCode {
      const member = members.get(memberId);
      if (member) remove(member, now);
      else if (pending.delete(memberId)) completeIfAllJoined(now);
      else return ErrorCode.UNKNOWN_MEMBER_ID;
      return ErrorCode.NONE;
    },

    /** Whether offsets may be committed; a commit also counts as a heartbeat. */
    commit(memberId: string, of: number, now: number): ErrorCode {
      if (of < 0 && memberId === '' && state === 'Empty') return ErrorCode.NONE;
      const error = refusal(memberId, of);
      if (error !== ErrorCode.NONE) return error;
      if (state === 'CompletingRebalance') return ErrorCode.REBALANCE_IN_PROGRESS;
      const member = members.get(memberId)!;
      member.expiresAt = now + member.sessionTimeout;
      return ErrorCode.NONE;
    },

    /** Removes who has not been heard of in time. A member that waits for an answer never expires. */
    expire(now: number): void {
      for (const [id, expiresAt] of pending) if (expiresAt <= now) pending.delete(id);
      for (const member of [...members.values()]) {
        if (member.expiresAt <= now && !member.join && !member.sync) remove(member, now);
      }
      completeIfAllJoined(now);
      if (now < deadline) return;
      const isMissing = (member: Member) =>
        state === 'PreparingRebalance' ? !member.join : !member.sync;
      for (const member of [...members.values()].filter(isMissing)) members.delete(member.id);
      if (state === 'PreparingRebalance') complete(now);
      else prepare(now);
    },

    /** What tools show; subscriptions and assignments only while they hold. */
    describe() {
      const stable = state === 'Stable';
      return {
        state,
        protocolType,
        protocol: stable ? protocol : '',
        members: [...members.values()].map((member) => ({
          id: member.id,
          clientId: member.clientId,
          host: member.host,
          metadata: stable ? metadataOf(member) : nothing,
          assignment: stable ? member.assignment : nothing,
        })),
      };
    },
  };
}

// PURE: a classic consumer group as Kafka's coordinator runs it: what it answers to its members. Time is an
// argument; a request that has to wait is answered later, by the function given with it.
import { ErrorCode } from './error-code.ts';
import { commonNames, namesOf, type Protocols, sameProtocols } from './group-protocol.ts';
import { createRebalance, type Member, type Rebalance } from './rebalance.ts';

export type JoinRequest = {
  readonly memberId: string;
  /** Whether who comes without an id is told one first, to come back with it (KIP-394). */
  readonly idFirst: boolean;
  readonly clientId: string;
  readonly host: string;
  readonly sessionTimeout: number;
  readonly rebalanceTimeout: number;
  readonly protocolType: string;
  readonly protocols: Protocols;
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

export type Group = ReturnType<typeof createGroup>;

const MIN_SESSION = 1000;
const MAX_SESSION = 1_800_000;
const nothing = Buffer.alloc(0);

/** A join that comes to nothing. */
export function refuseJoin(error: ErrorCode, memberId: string): JoinAnswer {
  return { error, generation: -1, protocol: '', leader: '', memberId, members: [] };
}

/** A group without members; `newMemberId` gives ids that never repeat. */
export function createGroup(newMemberId: (clientId: string) => string) {
  const rebalance = createRebalance();
  const { members, expected } = rebalance;
  let protocolType = '';

  return {
    state: rebalance.state,
    /** Whether nobody is in the group or about to be. */
    isIdle: () => members.size === 0 && expected.size === 0,
    /** How many are in the group or about to be. */
    size: () => members.size + expected.size,
    expire: rebalance.expire,

    /** The answer, or null when it comes later by `reply`. */
    join(request: JoinRequest, now: number, reply: (answer: JoinAnswer) => void) {
      const { memberId, idFirst, protocolType: type, ...joining } = request;
      const { sessionTimeout, clientId } = joining;
      const refused = faultOf(request, rebalance, protocolType);
      if (refused !== ErrorCode.NONE) return refuseJoin(refused, memberId);
      const id = memberId || newMemberId(clientId);
      if (memberId === '' && idFirst) {
        expected.set(id, now + sessionTimeout);
        return refuseJoin(ErrorCode.MEMBER_ID_REQUIRED, id);
      }
      const known = members.get(id);
      if (memberId !== '' && !known && !expected.delete(memberId)) {
        return refuseJoin(ErrorCode.UNKNOWN_MEMBER_ID, memberId);
      }
      const isChanged = !known || !sameProtocols(known.protocols, joining.protocols);
      const member: Member = known
        ? Object.assign(known, joining)
        : { ...joining, id, assignment: nothing, expiresAt: 0, waiting: null };
      members.set(id, member);
      protocolType = type;
      // A second request of the same member takes the place of the first, whose answer nobody awaits.
      rebalance.settle(member, ErrorCode.UNKNOWN_MEMBER_ID, now);
      if (!isChanged && isRepeated(rebalance, member)) return admission(rebalance, member);
      const settle = (error: ErrorCode) =>
        reply(error === ErrorCode.NONE ? admission(rebalance, member) : refuseJoin(error, id));
      member.waiting = { for: 'join', settle };
      rebalance.prepare(now);
      return null;
    },

    /** The answer, or null when it comes later by `reply`. */
    sync(request: SyncRequest, now: number, reply: (answer: SyncAnswer) => void) {
      const { memberId, generation, assignments } = request;
      let error = refusal(rebalance, memberId, generation);
      if (!error && rebalance.state() === 'PreparingRebalance') {
        error = ErrorCode.REBALANCE_IN_PROGRESS;
      }
      if (error !== ErrorCode.NONE) return { error, assignment: nothing };
      const member = members.get(memberId)!;
      rebalance.settle(member, ErrorCode.REBALANCE_IN_PROGRESS, now);
      if (rebalance.state() === 'Stable') return { error, assignment: member.assignment };
      const settle = (error: ErrorCode) =>
        reply({ error, assignment: error === ErrorCode.NONE ? member.assignment : nothing });
      member.waiting = { for: 'sync', settle };
      if (memberId === rebalance.generation().leader) rebalance.assign(assignments, now);
      return null;
    },

    heartbeat(memberId: string, generation: number, now: number): ErrorCode {
      const error = refusal(rebalance, memberId, generation);
      if (error !== ErrorCode.NONE) return error;
      rebalance.touch(members.get(memberId)!, now);
      const isPreparing = rebalance.state() === 'PreparingRebalance';
      return isPreparing ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
    },

    leave(memberId: string, now: number): ErrorCode {
      const member = members.get(memberId);
      if (member) rebalance.remove(member, now);
      else if (expected.delete(memberId)) rebalance.completeIfAllJoined(now);
      else return ErrorCode.UNKNOWN_MEMBER_ID;
      return ErrorCode.NONE;
    },

    /** Whether offsets may be committed, which also counts as a heartbeat. */
    commit(memberId: string, generation: number, now: number): ErrorCode {
      // Kafka lets tools commit without being a member, as long as the group has none.
      if (generation < 0 && memberId === '' && members.size === 0) return ErrorCode.NONE;
      const error = refusal(rebalance, memberId, generation);
      if (error !== ErrorCode.NONE) return error;
      if (rebalance.state() === 'CompletingRebalance') return ErrorCode.REBALANCE_IN_PROGRESS;
      rebalance.touch(members.get(memberId)!, now);
      return ErrorCode.NONE;
    },

    /** What tools show. */
    describe: () => ({ protocolType, ...agreed(rebalance) }),
  };
}

/** What the members have agreed on; subscriptions and assignments only while they hold. */
function agreed(rebalance: Rebalance) {
  const state = rebalance.state();
  const isStable = state === 'Stable';
  const { protocol } = rebalance.generation();
  const members = rebalance.all().map((member) => ({
    id: member.id,
    clientId: member.clientId,
    host: member.host,
    metadata: isStable ? metadataOf(member, protocol) : nothing,
    assignment: isStable ? member.assignment : nothing,
  }));
  return { state, protocol: isStable ? protocol : '', members };
}

/** Why who joins is refused, whoever it is. */
function faultOf(request: JoinRequest, rebalance: Rebalance, protocolType: string): ErrorCode {
  const { sessionTimeout } = request;
  if (sessionTimeout < MIN_SESSION || sessionTimeout > MAX_SESSION) {
    return ErrorCode.INVALID_SESSION_TIMEOUT;
  }
  const isFit = fits(rebalance, protocolType, request);
  return isFit ? ErrorCode.NONE : ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
}

/** Why a request of a member is refused, whatever it asks for. */
function refusal({ members, generation }: Rebalance, memberId: string, number: number): ErrorCode {
  if (!members.has(memberId)) return ErrorCode.UNKNOWN_MEMBER_ID;
  return number === generation().number ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION;
}

/** Whether who joins can agree with those that are there. */
function fits(rebalance: Rebalance, protocolType: string, request: JoinRequest): boolean {
  const { memberId, protocolType: type, protocols } = request;
  const others = rebalance.all().filter(({ id }) => id !== memberId);
  if (type === '' || protocols.length === 0) return false;
  if (others.length === 0) return true;
  const common = commonNames(others.map((other) => other.protocols));
  return type === protocolType && common.some((name) => namesOf(protocols).includes(name));
}

/** Whether a member that joins again, and brings nothing new, is only told what it was told before. */
function isRepeated({ state, generation }: Rebalance, { id }: Member): boolean {
  return state() === 'CompletingRebalance' || (state() === 'Stable' && id !== generation().leader);
}

/** What a member is told when it is let in. */
function admission(rebalance: Rebalance, { id: memberId }: Member): JoinAnswer {
  const { number, protocol, leader } = rebalance.generation();
  const list = rebalance
    .all()
    .map((each) => ({ id: each.id, metadata: metadataOf(each, protocol) }));
  const members = memberId === leader ? list : [];
  return { error: ErrorCode.NONE, generation: number, protocol, leader, memberId, members };
}

const metadataOf = ({ protocols }: Member, protocol: string) =>
  protocols.find(({ name }) => name === protocol)?.metadata ?? nothing;

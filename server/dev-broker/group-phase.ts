// PURE: the phases of a consumer group, and how long it stays in one at most.
//
//   EMPTY ──join──▶ PREPARING ──all joined, or time is up──▶ COMPLETING ──leader's sync──▶ STABLE
//     ▲                │ ▲                                       │                           │
//     └──nobody left───┘ └──────── join, leave, expiry ──────────┴───────────────────────────┘

/** By the names that Kafka's tools show. */
export type GroupPhase = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable';

const NEXT: Record<GroupPhase, readonly GroupPhase[]> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['CompletingRebalance', 'Empty'],
  CompletingRebalance: ['Stable', 'PreparingRebalance'],
  Stable: ['PreparingRebalance'],
};

export type PhaseOfGroup = {
  is(phase: GroupPhase): boolean;
  name(): GroupPhase;
  /** Begins a phase that `deadline`, in ms, ends; none: it lasts. Throws TypeError for one that cannot follow. */
  to(next: GroupPhase, deadline?: number): void;
  /** Whether the group has stayed in its phase as long as it may. */
  isOver(now: number): boolean;
};

/** A group that is empty. */
export function createGroupPhase(): PhaseOfGroup {
  let phase: GroupPhase = 'Empty';
  let end = Number.POSITIVE_INFINITY;
  return {
    is: (other) => phase === other,
    name: () => phase,
    to(next, deadline = Number.POSITIVE_INFINITY) {
      if (!NEXT[phase].includes(next)) throw new TypeError(`a group in ${phase} cannot be ${next}`);
      phase = next;
      end = deadline;
    },
    isOver: (now) => now >= end,
  };
}

// Where we stand in the group, told to those who have to know.
import { describe } from '../errors.ts';
import { systemClock } from '../log/clock.ts';
import type { Logger } from '../log/logger.ts';
import type { PresenceRecord } from './presence.ts';

export type MembershipState = {
  readonly member: boolean;
  /** Why we are not a member, as far as that is known: what Kafka said, in words. */
  readonly error: string | null;
};

export type StandingDeps = {
  groupId: string;
  /** Where it is written down. */
  presence: PresenceRecord;
  logger: Logger;
  /** Called at every join with all partitions that are ours now. */
  onAssigned: (partitions: number[]) => void;
  onState: (state: MembershipState) => void;
  /** Let in after so many ms of asking. */
  onRebalanced: (ms: number) => void;
  /** `onAssigned` has thrown. */
  onCrash: (error: Error) => void;
};

export type Standing = {
  /** A join begins; the result are the partitions that were ours last. */
  asking(): readonly number[];
  /** Let in, with these partitions; true when we were no member before. */
  joined(partitions: number[]): boolean;
  /** A heartbeat was answered; true when we were no member before. */
  heartbeat(generation: number): boolean;
  /** No member any more, for a reason in words. */
  out(error: string): void;
};

/** Outside of the group. */
export function createStanding(deps: StandingDeps): Standing {
  const { groupId, presence, logger, onAssigned, onState, onRebalanced, onCrash } = deps;
  let owned: number[] = [];
  let askingSince: number | null = null;

  function told(isNew: boolean): boolean {
    if (isNew) onState({ member: true, error: null });
    return isNew;
  }

  return {
    asking() {
      presence.joining();
      askingSince ??= systemClock.monotonic();
      return owned;
    },
    joined(partitions) {
      owned = partitions;
      logger.info('joined the group', { groupId, partitions: owned.join(' ') || 'none' });
      const isNew = presence.joined();
      if (askingSince !== null) onRebalanced(systemClock.monotonic() - askingSince);
      askingSince = null;
      try {
        onAssigned(owned);
      } catch (error) {
        logger.error('membership', { error: describe(error) });
        onCrash(error instanceof Error ? error : new Error(String(error)));
      }
      return told(isNew);
    },
    heartbeat: (generation) => told(presence.heartbeat(generation)),
    out(error) {
      askingSince = null;
      presence.out();
      onState({ member: false, error });
    },
  };
}

// Takes orders from their log as long as nothing has paused the partition.
import type { Follower, LogReader, Subscription, TopicPartition } from '../log/ports.ts';

export type OrderIntake = {
  /** Takes orders, or takes none any more, not even what was read already. */
  set(on: boolean): void;
};

/**
 * Takes nothing before it is set to. Each following has a follower of its own, which asks whether it is
 * still wanted: the one before may be in the middle of its last set.
 */
export function createOrderIntake(deps: {
  orders: TopicPartition;
  reader: Pick<LogReader, 'follow'>;
  /** Where to go on. */
  nextOffset: () => number;
  follower: (isOpen: () => boolean) => Follower;
}): OrderIntake {
  const { orders, reader, nextOffset, follower } = deps;
  let subscription: Subscription | null = null;

  function follow(): Subscription {
    let open = true;
    const inner = reader.follow(
      orders,
      nextOffset(),
      follower(() => open),
    );
    return {
      close() {
        open = false;
        inner.close();
      },
    };
  }

  return {
    set(on) {
      if (on) subscription ??= follow();
      else {
        subscription?.close();
        subscription = null;
      }
    },
  };
}

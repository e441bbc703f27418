// Works off what is new in the source before it is read.
import type { LiveSource } from './overview.ts';

export type Settling = {
  /** Something is being worked off, and `settled` will be called by itself. */
  isUnderWay(): boolean;
  /** Calls `settled` in a tick in which the source may be read: at once when there is nothing left to work off. */
  begin(): void;
};

/** `failed` hears what the source or `settled` throws. */
export function createSettling(deps: {
  source: Pick<LiveSource, 'settle'>;
  settled: () => void;
  failed: (error: unknown) => void;
}): Settling {
  const { source, settled, failed } = deps;
  let underWay = false;

  function begin(): void {
    try {
      const pending = source.settle();
      if (pending === undefined) settled();
      else waitFor(pending);
    } catch (error) {
      failed(error);
    }
  }

  function waitFor(pending: Promise<void>): void {
    underWay = true;
    pending.then(
      () => {
        underWay = false;
        // Once more: in the meantime somebody else may have begun to work off what is newer.
        begin();
      },
      (error: unknown) => {
        underWay = false;
        failed(error);
      },
    );
  }

  return { isUnderWay: () => underWay, begin };
}

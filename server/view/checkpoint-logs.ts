// The checkpoints of all partitions: each one of those that run here, because the tasks go by them, and
// of the others samples.
import { createAbort } from '../log/abortable.ts';
import type { CheckpointStamp } from '../log/checkpoint-stamp.ts';
import type { Clock } from '../log/clock.ts';
import type { LogReader } from '../log/ports.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { createCheckpointSamples, type Samples } from './checkpoint-samples.ts';
import { followLog } from './follow-log.ts';

export type CheckpointLogs = {
  /** Begins with a partition; resolves when its head is known, or cannot be. */
  begin(partition: number): Promise<void>;
  /** Which partitions run here now. */
  own(partitions: readonly number[]): void;
  /** Somebody looks at what the checkpoints come to. */
  looked(): void;
  close(): void;
};

type Whole = { readonly leave: () => void; readonly caughtUp: Promise<void> };

/** Without `samples` every checkpoint of every partition is read. `failed`: a log that is read no more. */
export function createCheckpointLogs(deps: {
  reader: LogReader;
  samples: Samples | null;
  topic: string;
  clock: Clock;
  visit: (partition: number, cursor: RecordCursor) => CheckpointStamp | null;
  failed: (partition: number, error: unknown) => void;
}): CheckpointLogs {
  const { reader, topic, clock, visit, failed } = deps;
  const samples =
    deps.samples === null ? null : createCheckpointSamples({ ...deps, samples: deps.samples });
  /** Partitions of which all is read. */
  const whole = new Map<number, Whole>();
  const begun = new Set<number>();
  let closed = false;

  /** From the first record that is kept: a task trusts that nothing above its own was passed over. */
  function readWhole(partition: number): Promise<void> {
    const leaving = createAbort();
    const { signal } = leaving;
    const access = { reader, clock, signal };
    const visitEach = (number: number, cursor: RecordCursor) => void visit(number, cursor);
    const caughtUp = followLog(access, { topic, partition }, Number.POSITIVE_INFINITY, {
      visit: visitEach,
      failed,
    }).catch((error: unknown) => {
      if (!signal.aborted) failed(partition, error);
    });
    whole.set(partition, { leave: () => leaving.abort(), caughtUp });
    return caughtUp;
  }

  return {
    begin(partition) {
      begun.add(partition);
      const known = whole.get(partition)?.caughtUp;
      return known ?? samples?.add(partition) ?? readWhole(partition);
    },
    own(partitions) {
      if (samples === null || closed) return;
      for (const [partition, { leave }] of whole) {
        if (partitions.includes(partition)) continue;
        leave();
        whole.delete(partition);
        if (begun.has(partition)) void samples.add(partition);
      }
      for (const partition of partitions) {
        if (whole.has(partition)) continue;
        samples.remove(partition);
        void readWhole(partition);
      }
    },
    looked: () => samples?.looked(),
    close() {
      closed = true;
      samples?.close();
      for (const { leave } of whole.values()) leave();
    },
  };
}

// One row for each partition, put together from what is known of it. Pure.
import type { PartitionLag, PartitionWork } from '../../server/http/contract.ts';
import type { Model } from './store.ts';

export interface PartitionRow {
  readonly partition: number;
  readonly state: string;
  readonly tone: 'ok' | 'warn' | 'danger' | 'none';
  readonly nextOffset: number | null;
  readonly endOffset: number | null;
  readonly lag: number | null;
  readonly firstUnread: PartitionLag['firstUnread'];
  readonly pending: number | null;
  readonly committedAt: string | null;
  readonly owner: string | null;
  /** Null for a partition of another instance. */
  readonly work: PartitionWork | null;
}

/** All partitions, in order. */
export function partitionRows({ lag, metrics, status, paused, work }: Model): PartitionRow[] {
  const heads = new Map(metrics?.asOf.map((head) => [head.partition, head]));
  const works = new Map(work.map((each) => [each.partition, each]));
  const stopped = new Set(status.stopped.map(({ partition }) => partition));
  const held = new Set(paused.map(({ partition }) => partition));
  return lag.map(({ partition, endOffset, lag: behind, firstUnread }) => {
    const head = heads.get(partition);
    const pending = head?.pending ?? null;
    return {
      partition,
      ...stateOf({ stopped: stopped.has(partition), held: held.has(partition), behind, pending }),
      nextOffset: head?.nextOffset ?? null,
      // The head may be newer than the end, which is asked for once a second.
      endOffset: endOffset === null ? null : Math.max(endOffset, head?.nextOffset ?? 0),
      lag: behind,
      firstUnread,
      pending,
      committedAt: head?.writtenAt ?? null,
      owner: head?.owner ?? null,
      work: works.get(partition) ?? null,
    };
  });
}

type Facts = {
  readonly stopped: boolean;
  readonly held: boolean;
  readonly behind: number | null;
  readonly pending: number | null;
};

function stateOf({ stopped, held, behind, pending }: Facts): Pick<PartitionRow, 'state' | 'tone'> {
  if (stopped) return { state: 'stopped', tone: 'danger' };
  if (held) return { state: 'paused', tone: 'warn' };
  if (behind === null) return { state: 'not known', tone: 'warn' };
  if (behind > 0) return { state: 'behind', tone: 'none' };
  return pending
    ? { state: 'all read, some wait', tone: 'none' }
    : { state: 'caught up', tone: 'ok' };
}

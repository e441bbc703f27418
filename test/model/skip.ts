// The command that leads a partition past a damaged batch, as somebody of the model runs it.

import { AppError } from '../../server/errors.ts';
import { encodeCheckpoint } from '../../server/log/checkpoint.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import { planSkip } from '../../server/task/skip-batch.ts';
import { orderFold } from '../fixtures/orders.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import type { Logs } from './logs.ts';
import type { Host, Scheduler } from './scheduler.ts';
import { names, type Position } from './task.ts';

/** Skips what stands at `head` if it is damaged; anything else is refused, and an append may fail. */
export async function skipBatch(options: {
  host: Host;
  logs: Logs;
  scheduler: Scheduler;
  head: Position;
  onSend: (record: RecordContent, floor: Position) => void;
}): Promise<void> {
  const { host, logs, scheduler, head, onSend } = options;
  const { reader, writer } = logs.portsOf(host);
  const clock = scheduler.clockOf(host);
  try {
    const deps = { logs: names, fold: orderFold, reader, clock, logger: silentLogger };
    const request = { offset: head.nextOffset, to: null, owner: host.name };
    const { checkpoint } = await planSkip(deps, request);
    const value = encodeCheckpoint(checkpoint);
    const record = { timestamp: clock.now(), key: null, value, headers: [] };
    onSend(record, head);
    await writer.append(names.checkpoints, [record]);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}

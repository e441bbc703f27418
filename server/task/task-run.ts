// A restored task at work: follows its partition of orders and its dead letters, writes its checkpoints,
// and carries out its commands.

import type { PlacedStamp } from '../log/checkpoint-stamp.ts';
import { createPauseOf, createRedriverOf } from './commanded.ts';
import { deadLettersFollower, ordersFollower } from './following.ts';
import type { Books } from './ledger-state.ts';
import { createOrderIntake } from './order-intake.ts';
import { createDeadLetterOutbox } from './outbox.ts';
import { createProcessor } from './processor.ts';
import type { Restored } from './restore.ts';
import { createStatements } from './statements.ts';
import type { TaskDeps } from './task-deps.ts';
import type { Waiting } from './waiting-records.ts';

export type TaskRun = {
  readonly books: Books<unknown>;
  waiting(): Waiting;
  /** A checkpoint of this partition was read in its topic, written here or elsewhere. */
  readBack(stamp: PlacedStamp, isOwn: boolean, isHead: boolean): void;
  /**
   * Stops at once; with `lastCheckpoint` it first writes down what it knows, until it is stopped again
   * without.
   */
  stop(lastCheckpoint: boolean): Promise<void>;
};

/** Goes on from what was restored. */
export function startRun<Value, State>(
  deps: TaskDeps<Value, State>,
  { ledger, identities }: Restored<Value, State>,
): TaskRun {
  const { logs, owner, business, rules, runtime, ports, outlets } = deps;
  const { onFailed } = outlets;
  const { clock, logger, instruments } = runtime;
  const books = ledger.state;
  let highWatermark = books.nextOffset;
  let open = true;
  const trace = runtime.tracing?.(logs.orders) ?? null;
  const outbox = createDeadLetterOutbox({
    ...runtime,
    ...outlets,
    source: logs.orders,
    target: logs.deadLetters,
    author: owner.author,
    writer: ports.writer,
    traceOf: (offset) => trace?.headersOf(offset) ?? [],
    isPending: (order) => order.waits,
  });
  const statements = createStatements({
    logs,
    owner,
    fold: business.fold,
    rules,
    runtime,
    writer: ports.writer,
    ledger,
    identities,
    highWatermark: () => highWatermark,
    onFailed,
  });
  const pause = createPauseOf(deps, onPause);
  const redriver = createRedriverOf(deps, books, pause, () => identities.deadLetters.check());
  const onChange = () => {
    statements.changed();
    redriver.look();
  };
  const processor = createProcessor({
    source: logs.orders,
    ledger,
    business,
    rules,
    runtime,
    trace,
    mayGiveUp: pause.mayGiveUp,
    giveUp: outbox.send,
    onChange,
    onFailed,
  });
  const { fold } = business;
  const follow = { logs, fold, clock, logger, ledger, identities, processor, onChange, onFailed };
  const onEnd = (offset: number) => {
    highWatermark = offset;
  };
  const onSet = () => pause.note(processor.counted);
  const intake = createOrderIntake({
    orders: logs.orders,
    reader: ports.reader,
    nextOffset: () => books.nextOffset,
    follower: (isOpen) => ordersFollower({ ...follow, isOpen, onEnd, onSet, instruments, trace }),
  });

  function onPause(): void {
    if (!open) return;
    intake.set(!pause.isOn);
    if (!pause.isOn) processor.retryHeldBack();
    redriver.look();
  }

  processor.resume();
  const letters = ports.reader.follow(
    logs.deadLetters,
    books.deadLetterOffset,
    deadLettersFollower({ ...follow, isOpen: () => open }),
  );
  intake.set(!pause.isOn);
  onChange();

  return {
    books,
    waiting: processor.waiting,
    readBack: statements.readBack,
    async stop(lastCheckpoint: boolean): Promise<void> {
      open = false;
      letters.close();
      intake.set(false);
      pause.close();
      redriver.close();
      if (!lastCheckpoint) statements.abandon();
      const ended = processor.close();
      outbox.close();
      await ended;
      await statements.close();
    },
  };
}

// A restored task at work: follows its partition of orders and its dead letters, and writes its
// checkpoints.

import { deadLettersFollower, ordersFollower } from './following.ts';
import type { Books } from './ledger.ts';
import { createDeadLetterOutbox } from './outbox.ts';
import { createProcessor, type Waiting } from './processor.ts';
import type { Restored } from './restore.ts';
import { createStatements } from './statements.ts';
import type { TaskDeps } from './task-deps.ts';

export type TaskRun = {
  readonly books: Books<unknown>;
  waiting(): Waiting;
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
  const outbox = createDeadLetterOutbox({
    ...runtime,
    ...outlets,
    source: logs.orders,
    target: logs.deadLetters,
    author: owner.author,
    writer: ports.writer,
    isPending: (order) => books.pending.get(order.record.offset) === order,
  });
  const statements = createStatements({
    logs,
    owner,
    fold: business.fold,
    rules,
    runtime,
    writer: ports.writer,
    books,
    identities,
    highWatermark: () => highWatermark,
    onFailed,
  });
  const onChange = statements.changed;
  const processor = createProcessor({
    source: logs.orders,
    ledger,
    business,
    rules,
    runtime,
    giveUp: outbox.send,
    onChange,
    onFailed,
  });
  const onEnd = (offset: number) => {
    highWatermark = offset;
  };
  const { fold } = business;
  const isOpen = () => open;
  const follow = { logs, fold, clock, logger, ledger, identities, processor, isOpen };
  const toFollow = { ...follow, onChange, onFailed, onEnd, instruments };

  processor.resume();
  const subscriptions = [
    ports.reader.follow(logs.deadLetters, books.deadLetterOffset, deadLettersFollower(toFollow)),
    ports.reader.follow(logs.orders, books.nextOffset, ordersFollower(toFollow)),
  ];
  onChange();

  return {
    books,
    waiting: processor.waiting,
    async stop(lastCheckpoint: boolean): Promise<void> {
      open = false;
      for (const subscription of subscriptions) subscription.close();
      if (!lastCheckpoint) statements.abandon();
      const ended = processor.close();
      outbox.close();
      await ended;
      await statements.close();
    },
  };
}

// Named points at which an instance kills itself, put around what its tasks stand on.

import type { Follower, LogReader, LogWriter, TopicPartition } from '../../server/log/ports.ts';
import type { TaskGround } from '../../server/service/own-tasks.ts';

/** Every point. */
export const failpoints = [
  'order.handled',
  'checkpoint.before-send',
  'checkpoint.sent',
  'checkpoint.acked',
  'dlq.before-send',
  'dlq.sent',
  'dlq.acked',
  'redrive.before-send',
  'redrive.sent',
  'redrive.acked',
  'command.before-send',
  'command.sent',
  'command.acked',
  'restore.begun',
  'restore.head-read',
  'restore.dead-letters-read',
  'restore.pending-read',
  'trim.before',
  'trim.sent',
  'trim.done',
] as const;

export type Failpoint = (typeof failpoints)[number];

type Topics = {
  readonly orders: string;
  readonly deadLetters: string;
  readonly checkpoints: string;
  readonly commands: string;
};

/** The same ground, which calls `pass` at every point; `pass` may never return. */
export function withFailpoints(
  ground: TaskGround,
  topics: Topics,
  pass: (point: Failpoint) => void,
): TaskGround {
  return {
    ...ground,
    reader: watchRestores(ground.reader, topics, pass),
    writer: watchAppends(ground.writer, topics, pass),
    handle(order, place, signal) {
      const handled = ground.handle(order, place, signal);
      pass('order.handled');
      return handled;
    },
    async trim(partition, below) {
      pass('trim.before');
      const done = ground.trim(partition, below);
      setImmediate(() => pass('trim.sent'));
      await done;
      pass('trim.done');
    },
  };
}

/** What is written to which topic. */
const KINDS = [
  ['checkpoints', 'checkpoint'],
  ['deadLetters', 'dlq'],
  ['orders', 'redrive'],
  ['commands', 'command'],
] as const;

function watchAppends(
  writer: LogWriter,
  topics: Topics,
  pass: (point: Failpoint) => void,
): LogWriter {
  return {
    async append(tp, records, ...options) {
      const kind = KINDS.find(([name]) => topics[name] === tp.topic)![1];
      pass(`${kind}.before-send`);
      const acknowledged = writer.append(tp, records, ...options);
      // The request leaves within this turn of the event loop; whether it arrives is not known.
      setImmediate(() => setImmediate(() => pass(`${kind}.sent`)));
      const offset = await acknowledged;
      pass(`${kind}.acked`);
      return offset;
    },
  };
}

/** A restore asks for the bounds of the checkpoints, then of the orders, and follows log after log to its end. */
function watchRestores(
  reader: LogReader,
  topics: Topics,
  pass: (point: Failpoint) => void,
): LogReader {
  const restoring = new Map<number, Set<string>>();
  const ended = ({ topic, partition }: TopicPartition) => {
    if (!restoring.get(partition)?.delete(topic)) return;
    if (topic === topics.deadLetters) pass('restore.dead-letters-read');
    if (topic === topics.orders) pass('restore.pending-read');
  };
  return {
    ...reader,
    bounds(tp) {
      if (tp.topic === topics.checkpoints) {
        restoring.set(tp.partition, new Set([topics.deadLetters, topics.orders]));
        pass('restore.begun');
      } else if (tp.topic === topics.orders) pass('restore.head-read');
      return reader.bounds(tp);
    },
    follow(tp, from, follower: Follower) {
      const following = reader.follow(tp, from, follower);
      return {
        close() {
          following.close();
          ended(tp);
        },
      };
    },
  };
}

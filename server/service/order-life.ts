// What became of one record that carried an order: what its partition's head says, and its dead letter.
import { describe } from '../errors.ts';
import type { OrderLife } from '../http/contract-lives.ts';
import { isoTime } from '../log/clip.ts';
import type { Clock } from '../log/clock.ts';
import { type Head, readHead } from '../log/head.ts';
import type { LogReader } from '../log/ports.ts';
import { redriveOf } from '../log/redrive.ts';
import type { LetterPlace } from '../log/selection.ts';
import type { DeadLetterIndex } from '../view/dead-letter-index.ts';
import { fateOf, type Verdict } from '../view/fate.ts';
import type { LetterContents, WholeLetter } from '../view/letter-contents.ts';
import type { Reach } from '../view/letter-indexer.ts';
import type { Carrier } from '../view/record-carriers.ts';
import type { ValueTerms } from './letter-content.ts';
import { letterItem } from './letter-item.ts';
import { redriveStamp } from './letter-lives.ts';

/** The place of a record of the topic of orders, and the record; null when it is there no more. */
type OrderPlace = LetterPlace & { readonly record: Carrier['record'] | null };

export type LifeDeps = {
  /** Reads single records: nobody follows anything with it. */
  readonly reader: LogReader;
  readonly contents: LetterContents;
  readonly index: DeadLetterIndex;
  readonly reach: () => readonly Reach[];
  readonly terms: Pick<ValueTerms, 'idOf' | 'ready' | 'inspect'>;
  readonly group: string;
  readonly topics: {
    readonly orders: string;
    readonly deadLetters: string;
    readonly checkpoints: string;
  };
  readonly clock: Clock;
};

/** Reads the heads of the partitions and the dead letters of these records, and tells what became of each. */
export async function createLifeTeller(
  deps: LifeDeps,
  carriers: readonly OrderPlace[],
  signal: AbortSignal,
): Promise<(carrier: OrderPlace) => Promise<OrderLife>> {
  const { reader, contents, index, reach, terms, group, topics, clock } = deps;
  const orderTopicId = carriers.length === 0 ? null : await reader.topicId(topics.orders);

  async function headOf(partition: number): Promise<Head | null | string> {
    const at = (topic: string) => ({ topic, partition });
    const logs = {
      ...{ group, orders: at(topics.orders) },
      ...{ deadLetters: at(topics.deadLetters), checkpoints: at(topics.checkpoints) },
    };
    try {
      const head = await readHead({ logs, reader, clock, signal });
      const id = head?.checkpoint.topicId ?? null;
      const isAnother = id !== null && orderTopicId !== null && id !== orderTopicId;
      return isAnother ? 'the topic was recreated since the last checkpoint' : head;
    } catch (error) {
      signal.throwIfAborted();
      return describe(error);
    }
  }
  const numbers = [...new Set(carriers.map(({ partition }) => partition))];
  const heads = new Map(
    await Promise.all(numbers.map(async (each) => [each, await headOf(each)] as const)),
  );

  return async ({ partition, offset, record }: OrderPlace): Promise<OrderLife> => {
    const head = heads.get(partition) ?? null;
    const letterAt = index.ofOrder(partition, offset);
    const redrive = record === null ? null : redriveOf(record.headers);
    const at = reach().find((each) => each.partition === partition);
    const held = {
      from: index.size().older === 0 ? (at?.low ?? 0) : (index.heldFrom(partition) ?? Infinity),
      to: at?.position ?? 0,
    };
    const evidence = { offset, group, redrive, letter: letterAt, letters: held };
    const { fate, why, pending }: Verdict =
      typeof head === 'string'
        ? { fate: 'unknown', why: head, pending: null }
        : fateOf(head, evidence);
    const writtenAt = typeof head === 'object' ? (head?.checkpoint.writtenAt ?? null) : null;
    const place: LetterPlace | null = letterAt === null ? null : { partition, offset: letterAt };
    const [letter] = place === null ? [] : await contents.whole([place], signal);
    if (record !== null) await terms.ready(record.value ?? Buffer.alloc(0));
    return {
      ...{ partition, offset, fate, why },
      record:
        record === null
          ? null
          : { timestamp: isoTime(record.timestamp), decoded: terms.inspect(record.value) },
      redrive: redriveStamp(redrive?.group === group ? redrive : null),
      asOf: writtenAt === null ? null : isoTime(writtenAt),
      waiting:
        pending === null
          ? null
          : {
              attempts: pending.attempts,
              firstFailedAt: isoTime(pending.firstFailedAt),
              nextAttemptAt:
                pending.givenUp === null ? isoTime((writtenAt ?? 0) + pending.dueIn) : null,
              error: pending.error,
            },
      letter: letter === undefined ? null : letterShown(contents, index, letter),
    };
  };
}

function letterShown(contents: LetterContents, index: DeadLetterIndex, letter: WholeLetter) {
  const { partition, record } = letter;
  const text = (name: string) =>
    record.headers.find(({ key }) => key.equals(Buffer.from(`orders.errors.${name}`)))?.value ??
    null;
  return {
    ...letterItem(contents.letterOf(partition, record), index.find(letter)),
    firstFailedAt: text('first-failed-at')?.toString() ?? null,
    lastFailedAt: text('last-failed-at')?.toString() ?? null,
  };
}

// A group's state of any size, written straight into its topics: what a measurement starts from.
import type { Admin } from 'kafkajs';
import { encodeCheckpoint } from '../../server/log/checkpoint.ts';
import { type DeadLetterCause, deadLetterHeaders } from '../../server/log/dead-letter.ts';
import { CORE_REASONS } from '../../server/log/fault.ts';
import { packOffsets } from '../../server/log/packed-offsets.ts';
import type { LogWriter } from '../../server/log/ports.ts';
import { encodeProducts } from '../../server/orders/averages-codec.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import type { TopicNames } from './audit.ts';

/** How much of everything, over all partitions; products are in every one. */
export type StateSize = {
  readonly partitions: number;
  readonly products: number;
  readonly pending: number;
  readonly deadLetters: number;
  /** The head tells which orders are dead-lettered; else a restore reads every dead letter. */
  readonly told?: boolean;
};

const BATCH = 1000;
const WAIT_MS = 3_600_000;
const author = { group: '', app: 'measure', instance: 'measure' };

/** A valid order of one of the products. */
export function orderRecord(number: number, products: number): RecordContent {
  const order = { orderId: `${number}`, product: `Item${number % products}`, price: 10 };
  return { timestamp: Date.now(), key: null, value: encodeSomeOrder(order), headers: [] };
}

/** Creates the three topics, fills them, and leaves a head checkpoint that accounts for every order. */
export async function writeState(
  admin: Admin,
  writer: LogWriter,
  names: TopicNames,
  size: StateSize,
): Promise<void> {
  const { partitions } = size;
  const forEver = [
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'retention.ms', value: '-1' },
    { name: 'retention.bytes', value: '-1' },
    { name: 'max.message.bytes', value: `${8 * 2 ** 20}` },
  ];
  const topics = [names.orders, names.deadLetters, names.checkpoints].map((topic) => ({
    topic,
    numPartitions: partitions,
    configEntries: topic === names.orders ? [] : forEver,
  }));
  await admin.createTopics({ topics, waitForLeaders: true });
  await Promise.all(
    Array.from({ length: partitions }, (_, partition) =>
      writePartition(writer, names, partition, size),
    ),
  );
}

async function writePartition(
  writer: LogWriter,
  names: TopicNames,
  partition: number,
  { partitions, products, pending, deadLetters, told = false }: StateSize,
): Promise<void> {
  const waiting = Math.floor(pending / partitions);
  const dead = Math.floor(deadLetters / partitions);
  // Each product is counted once at least.
  const nextOffset = dead + waiting + products;
  const now = Date.now();
  await append(writer, names.orders, partition, nextOffset, (n) => orderRecord(n, products));
  await append(writer, names.deadLetters, partition, dead, (n) => deadLetter(names, partition, n));
  const checkpoint = encodeCheckpoint({
    group: names.group,
    topic: names.orders,
    partition,
    nextOffset,
    deadLetterOffset: dead,
    generation: -1,
    ownerStartedAt: now,
    owner: author.instance,
    writtenAt: now,
    start: 0,
    highWatermark: nextOffset,
    deadLettered: dead,
    gaps: 0,
    corrections: 0,
    retries: 0,
    restarts: 0,
    redrivesFrom: 0,
    foreign: 0,
    copies: 0,
    redrivenCount: 0,
    base: -1,
    copyRanges: [],
    commands: [],
    redriven: Buffer.alloc(0),
    deadLetters: packOffsets(Float64Array.from({ length: told ? dead : 0 }, (_, n) => n)),
    topicId: null,
    fingerprint: null,
    deadLetterTopicId: null,
    deadLetterFingerprint: null,
    lost: [],
    gapRanges: [],
    pending: Array.from({ length: waiting }, (_, n) => ({
      offset: dead + n,
      attempts: 1,
      firstFailedAt: now,
      dueIn: WAIT_MS,
      givenUp: null,
      error: 'simulated transient failure',
    })),
    folded: encodeProducts(
      new Map(
        Array.from({ length: products }, (_, n) => [
          `Item${n}`,
          { count: 1, low: 100_000, carry: 0 },
        ]),
      ),
    ),
  });
  const head = { timestamp: now, key: null, value: checkpoint, headers: [] };
  await writer.append({ topic: names.checkpoints, partition }, [head]);
}

async function append(
  writer: LogWriter,
  topic: string,
  partition: number,
  count: number,
  make: (n: number) => RecordContent,
): Promise<void> {
  for (let first = 0; first < count; first += BATCH) {
    const length = Math.min(BATCH, count - first);
    await writer.append(
      { topic, partition },
      Array.from({ length }, (_, n) => make(first + n)),
    );
  }
}

function deadLetter({ orders, group }: TopicNames, partition: number, n: number): RecordContent {
  const now = Date.now();
  const text = 'RETRIES_EXHAUSTED: simulated transient failure (attempt 4 of 4)';
  const cause: DeadLetterCause = {
    reason: CORE_REASONS.RETRIES_EXHAUSTED,
    text,
    exceptionClass: 'TransientError',
    exceptionMessage: 'simulated transient failure',
    attempts: 4,
    firstFailedAt: now,
    lastFailedAt: now,
  };
  const origin = { topic: orders, partition, offset: n, timestamp: now };
  return {
    ...orderRecord(n, 10),
    headers: deadLetterHeaders(origin, cause, { ...author, group }, []),
  };
}

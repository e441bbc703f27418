// Sends the letters of one redrive in batches, the next one after the acknowledgement of the last: not
// faster than its rate, not far ahead of the ledger, not while the partition is paused, and with a canary
// not before it is known what became of the first.

import { AppError, describe } from '../errors.ts';
import type { Clock } from '../log/clock.ts';
import type { Author } from '../log/dead-letter.ts';
import type { TaskLogs } from '../log/head.ts';
import type { Logger } from '../log/logger.ts';
import type { Original } from '../log/original.ts';
import type { LogWriter } from '../log/ports.ts';
import type { ProgressWriter } from '../log/progress.ts';
import { redrivenRecord } from '../log/redrive.ts';
import type { RecordContent } from '../record-batch/record.ts';
import { encodedSize } from '../record-batch/writer.ts';
import { nextLook, stopReason } from './canary.ts';
import { createNotSent } from './not-sent.ts';
import type { OpenRedrive } from './partition-commands.ts';
import { persist } from './persist.ts';
import { outcomeOf, type RedriveBooks } from './redrive-books.ts';
import type { SentAhead } from './sent-ahead.ts';
import { pass, type Waits } from './waits.ts';

export type SenderDeps = {
  logs: TaskLogs;
  redrive: OpenRedrive;
  books: RedriveBooks;
  /** Of all redrives of the partition. */
  ahead: SentAhead;
  isPaused: () => boolean;
  endOfOrders: () => Promise<number>;
  author: Author;
  writer: LogWriter;
  clock: Clock;
  random: () => number;
  logger: Logger;
  progress: ProgressWriter;
  waits: Waits;
  signal: AbortSignal;
};

export type Sender = {
  /** Takes a letter that is selected, at that offset; a promise when the next has to wait. */
  add(
    letter: { readonly kind: 'send' | 'parked' | 'leftOut'; origin: number; lives: number },
    offset: number,
    read: () => Original,
  ): undefined | Promise<void>;
  /** Sends the rest; resolves when the outcome of all is known, with words on those not sent. */
  finish(): Promise<string[]>;
};

const MAX_BATCH_RECORDS = 1000;
const MAX_BATCH_BYTES = 512 * 1024;
/** Batches a second at least, when a rate is given. */
const BATCHES_A_SECOND = 10;
/** Sent and not seen by the ledger: what is further ahead only fills memory. */
const MAX_AHEAD = 20_000;

type Sendable = { readonly origin: number; readonly record: RecordContent };

function mostInBatch(rate: number | null): number {
  if (rate === null) return MAX_BATCH_RECORDS;
  return Math.min(MAX_BATCH_RECORDS, Math.max(1, Math.floor(rate / BATCHES_A_SECOND)));
}

/** Has sent nothing yet. @throws {AppError} from every method: REFUSED_BY_CANARY when too many fail again */
export function createSender(deps: SenderDeps): Sender {
  const { logs, redrive, books, ahead, isPaused, author, clock, waits, signal } = deps;
  const { id, by, command } = redrive;
  const { rate, canary, value } = command;
  const most = mostInBatch(rate);
  const notSent = createNotSent();
  let batch: Sendable[] = [];
  let bytes = 0;
  let sendAt = Number.NEGATIVE_INFINITY;
  /** Next offset of orders after what was sent last. */
  let sentEnd = 0;
  let sent = books.outcome(id).seen;
  let lookAt = sent > 0 ? sent : nextLook(canary, 0);
  if (canary === null) lookAt = Number.POSITIVE_INFINITY;

  async function flush(): Promise<void> {
    if (sent >= lookAt) await look();
    const early = sendAt - clock.monotonic();
    if (early > 0) await pass(clock, early, signal);
    await waits.until(() => !isPaused() && ahead.size < MAX_AHEAD, signal);
    // In one tick with the beginning of the append: nobody else sends them in between.
    const letters = batch.filter(({ origin }) => !isSent(origin));
    notSent.add('again', batch.length - letters.length);
    batch = [];
    bytes = 0;
    if (letters.length === 0) return;
    for (const { origin } of letters) ahead.add(origin);
    sendAt =
      Math.max(sendAt, clock.monotonic()) + (rate === null ? 0 : (letters.length / rate) * 1000);
    await deliver(letters);
  }

  async function deliver(letters: readonly Sendable[]): Promise<void> {
    const records = letters.map(({ record }) => record);
    try {
      const offset = await persist(deps, logs.orders, records, signal);
      // Given up in the middle: what was written of it stands below the end by now, or becomes a copy.
      sentEnd = offset === undefined ? await deps.endOfOrders() : offset + letters.length;
      sent += letters.length;
      ahead.written(
        letters.map(({ origin }) => origin),
        sentEnd,
      );
      // The ledger may have read them before they were acknowledged, and have nothing to read any more.
      ahead.seen(books.nextOffset);
      signal.throwIfAborted();
    } catch (error) {
      if (signal.aborted || !(error instanceof AppError)) throw error;
      const half = letters.length >> 1;
      if (half > 0) {
        await deliver(letters.slice(0, half));
        await deliver(letters.slice(half));
        return;
      }
      ahead.forget(letters[0]!.origin);
      notSent.refused(describe(error));
    }
  }

  /** Waits for the outcome of all that was sent. */
  async function look(): Promise<void> {
    await waits.until(() => books.nextOffset >= sentEnd, signal);
    const { seen, failedAgain } = await outcomeOf(id, { books, clock, waits, signal });
    const why = stopReason(canary, { sent: seen, failedAgain });
    if (why !== null) throw new AppError('REFUSED_BY_CANARY', why, false);
    lookAt = nextLook(canary, sent);
  }

  function isSent(origin: number): boolean {
    return books.isRedriven(origin) || ahead.has(origin);
  }

  return {
    add({ kind, origin, lives }, offset, read) {
      if (kind !== 'send' || isSent(origin)) {
        notSent.add(kind === 'send' ? 'again' : kind, 1);
        return undefined;
      }
      const { group } = author;
      const count = lives + 1;
      const redriven = { group, deadLetter: offset, origin, id, count, at: clock.now(), by };
      const record = redrivenRecord(read(), redriven, value ?? undefined);
      batch.push({ origin, record });
      bytes += encodedSize(record, batch.length, record.timestamp);
      const isFull =
        batch.length >= most || bytes >= MAX_BATCH_BYTES || sent + batch.length >= lookAt;
      return isFull ? flush() : undefined;
    },
    async finish() {
      if (batch.length > 0) await flush();
      await look();
      return notSent.words();
    },
  };
}

// One redrive from its beginning to its end: waits until it may begin, reads the letters that are selected, and
// sends those whose orders were not redriven yet.
import { abortable } from '../log/abortable.ts';
import type { RedriveCommand } from '../log/command.ts';
import { originalUnder } from '../log/original.ts';
import type { LogReader } from '../log/ports.ts';
import { rangesOf } from '../log/selected-ranges.ts';
import { readRange } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { OpenRedrive } from './partition-commands.ts';
import { createSender, type SenderDeps } from './redrive-sender.ts';
import { pass } from './waits.ts';

/** What a letter is to a redrive; null: it is not selected. See view/letter-choice.ts. */
export type Choose = (cursor: RecordCursor) => {
  readonly kind: 'send' | 'parked' | 'leftOut';
  readonly origin: number;
  readonly lives: number;
} | null;

export type CarryOutDeps = Omit<SenderDeps, 'redrive' | 'signal'> & {
  /** Reads nothing else: while a redrive waits, nobody else has to. */
  letters: LogReader;
  choose: (command: RedriveCommand) => Choose;
  /** Rejects when the letters are of another topic of the same name by now. */
  checkLetters: () => Promise<void>;
};

/** A clock may be set while it is waited for. */
const LOOK_AT_CLOCK_MS = 1000;

/** Carries out one redrive after the other, or several at once. */
export function createCarryOut(
  deps: CarryOutDeps,
): (redrive: OpenRedrive, signal: AbortSignal) => Promise<string> {
  const { logs, clock, letters, books, waits } = deps;
  let endAtStart: Promise<number> | null = null;

  /** Resolves when what became of all is known, with words on those that were not sent. */
  async function carryOut(redrive: OpenRedrive, signal: AbortSignal): Promise<string> {
    const { command } = redrive;
    endAtStart ??= deps.endOfOrders();
    const end = await abortable(signal, endAtStart);
    // What others have sent before is known by then.
    await waits.until(() => books.nextOffset >= end, signal);
    await timeToBegin(command, signal);
    await abortable(signal, deps.checkLetters());
    const sender = createSender({ ...deps, redrive, signal });
    const choose = deps.choose(command);
    const bounds = await abortable(signal, letters.bounds(logs.deadLetters));
    let found = 0;
    const visit = (cursor: RecordCursor): undefined | Promise<void> => {
      const letter = choose(cursor);
      if (letter === null) return undefined;
      found += 1;
      return sender.add(letter, cursor.offset, () => originalUnder(cursor));
    };
    for (const range of rangesOf(command.selection, bounds)) {
      await readRange({ reader: letters, clock, signal }, logs.deadLetters, range, visit);
    }
    const gone =
      command.selection.kind === 'offsets' ? command.selection.offsets.length - found : 0;
    return [...(await sender.finish()), ...(gone > 0 ? [`${gone} are there no more`] : [])].join(
      '; ',
    );
  }

  async function timeToBegin({ notBefore }: RedriveCommand, signal: AbortSignal): Promise<void> {
    for (let left = notBefore - clock.now(); left > 0; left = notBefore - clock.now()) {
      await pass(clock, Math.min(left, LOOK_AT_CLOCK_MS), signal);
    }
  }

  return carryOut;
}

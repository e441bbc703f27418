// What became of each redrive: out of the commands and the head checkpoints, so every instance says the
// same, whoever carries it out.
import type { CommandBook, RedriveReport, RedriveState } from '../http/commands.ts';
import type { CheckpointSummary } from '../log/checkpoint.ts';
import type { Selection } from '../log/command.ts';
import type { AskedRedrive } from '../view/command-history.ts';
import type { CommandsReader } from '../view/commands.ts';

/** The book of a group; `now` in ms since 1970. */
export function createCommandBook(deps: {
  commands: CommandsReader;
  /** Newest heads by partition; null while they have not been read. */
  heads: () => ReadonlyMap<number, CheckpointSummary> | null;
  now: () => number;
}): CommandBook {
  const { commands, heads, now } = deps;

  const report = (redrive: AskedRedrive, known: ReadonlyMap<number, CheckpointSummary>) =>
    reportOf(redrive, known, commands.pauses(), now());

  return {
    redrives() {
      const known = heads();
      if (known === null || !commands.known) return null;
      const all = [...commands.redrives()].map((redrive) => report(redrive, known));
      return all.sort((a, b) => b.at - a.at);
    },
    redrive(id) {
      const redrive = commands.redrive(id);
      const known = heads();
      return redrive === null || known === null ? null : report(redrive, known);
    },
    paused: () =>
      [...commands.pauses()]
        .map(([partition, { at, by, why, breaker }]) => ({ partition, at, by, why, breaker }))
        .sort((a, b) => a.partition - b.partition),
    watch: commands.watch,
  };
}

function reportOf(
  redrive: AskedRedrive,
  heads: ReadonlyMap<number, CheckpointSummary>,
  pauses: ReadonlyMap<number, unknown>,
  now: number,
): RedriveReport {
  const { id, at, by, from, why, shares } = redrive;
  const parts = [...shares];
  const sum = (of: (share: (typeof parts)[number]) => number) =>
    parts.reduce((all, part) => all + of(part), 0);
  const outcomes = new Map(parts.map(([each]) => [each, outcomeIn(redrive, heads, each)]));
  const seen = sum(([each]) => outcomes.get(each)!.seen);
  const waiting = sum(([each]) => outcomes.get(each)!.waiting);
  const failedAgain = sum(([each]) => outcomes.get(each)!.failedAgain);
  const selected = sum(([, share]) => share.selected);
  const { notBefore, maxRedrives, value, selection } = parts[0]![1];
  const canaries = parts.flatMap(([, { canary }]) => canary ?? []);
  const state = stateOf(redrive, { seen, selected, notBefore, now });
  return {
    ...{ id, at, by, from, why, state },
    reason: reasonOf(redrive, state, pauses),
    request: {
      selection:
        selection.kind === 'filter'
          ? { filter: selection.filter }
          : { places: parts.flatMap(([partition, share]) => placesOf(partition, share.selection)) },
      rate: parts.some(([, { rate }]) => rate === null)
        ? null
        : rounded(sum(([, { rate }]) => rate!)),
      notBefore,
      canary:
        canaries.length === 0
          ? null
          : {
              count: sum(([, { canary }]) => canary?.count ?? 0),
              maxFailed: canaries[0]!.maxFailed,
            },
      maxRedrives,
      edited: value !== null,
    },
    selected,
    sent: seen,
    waiting,
    processed: seen - waiting - failedAgain,
    failedAgain,
  };
}

/** By the head checkpoint, which tells of the latest commands; of older ones their last record does. */
function outcomeIn(
  { id, closed }: AskedRedrive,
  heads: ReadonlyMap<number, CheckpointSummary>,
  partition: number,
): { seen: number; waiting: number; failedAgain: number } {
  const found = heads.get(partition)?.commands.find((each) => each.id === id);
  if (found !== undefined) return { ...found, waiting: found.waiting.length };
  const { seen = 0, failedAgain = 0 } = closed.get(partition) ?? {};
  return { seen, waiting: 0, failedAgain };
}

function stateOf(
  { shares, closed, cancelled }: AskedRedrive,
  about: { seen: number; selected: number; notBefore: number; now: number },
): RedriveState {
  const { seen, selected, notBefore, now } = about;
  const ends = [...closed.values()];
  if (ends.some(({ outcome }) => outcome === 'stopped')) return 'stopped';
  const isDone = ends.length === shares.size && ends.every(({ outcome }) => outcome === 'done');
  if (isDone) return 'done';
  if (cancelled !== null) return 'cancelled';
  if (seen >= selected) return 'sent';
  return seen === 0 && now < notBefore ? 'waiting' : 'sending';
}

function reasonOf(
  { shares, closed, cancelled }: AskedRedrive,
  state: RedriveState,
  pauses: ReadonlyMap<number, unknown>,
): string | null {
  const all = [...closed.values()];
  if (state === 'cancelled') return cancelled?.why || null;
  if (state === 'stopped')
    return all.find((each) => each.outcome === 'stopped' && each.why)?.why ?? null;
  if (state === 'done') return togetherOf(all.map(({ why }) => why)) || null;
  const paused = [...shares.keys()].filter((each) => pauses.has(each) && !closed.has(each));
  return paused.length === 0 ? null : `paused: ${paused.join(', ')}`;
}

/** Of every partition words such as `3 were redriven already; 1 cannot be sent`: the same of all of them. */
function togetherOf(whys: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const part of whys.flatMap((why) => why.split('; ')).filter(Boolean)) {
    const [, count = '', what = part] = /^(\d{1,9}) (.+)$/.exec(part) ?? [];
    counts.set(what, (counts.get(what) ?? 0) + Number(count));
  }
  return [...counts].map(([what, count]) => (count > 0 ? `${count} ${what}` : what)).join('; ');
}

function placesOf(partition: number, selection: Selection) {
  if (selection.kind === 'filter') return [];
  return selection.offsets.map((offset) => ({ partition, offset }));
}

/** Shares of a rate add up to it but for the last binary digits. */
function rounded(rate: number): number {
  return Math.round(rate * 1000) / 1000;
}

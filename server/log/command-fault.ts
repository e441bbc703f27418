// What makes a command one that cannot be followed, whoever wrote it.
import type { Command, RedriveCommand } from './command.ts';

/** Offsets that one record takes: 800 kB at most, and Kafka takes 1 MB unless it is told otherwise. */
export const MAX_OFFSETS = 100_000;
/** Bytes of an edited value: no longer one is an order. */
const MAX_VALUE_BYTES = 64 * 1024;
/** Characters of each text. */
export const MAX_TEXT = 1024;
const MAX_RATE = 1_000_000;
const MAX_COUNT = 1_000_000_000;
/** The last instant that a Date has. */
const MAX_TIME = 8.64e15;

/** Why it cannot be followed, in words for the caller; null when it can. */
export function commandFault(command: Command): string | null {
  const { id, at, by, from, why } = command;
  if (!/^[\w-]{1,64}$/.test(id)) return 'its id is none';
  if (!isTime(at)) return 'it was written at no time';
  if ([by, from, why].some((text) => text.length > MAX_TEXT)) {
    return `who, from where and why may have ${MAX_TEXT} characters each`;
  }
  if (command.kind === 'closed' && ![command.seen, command.failedAgain].every(isOffset)) {
    return 'a number of letters that is none';
  }
  return command.kind === 'redrive' ? redriveFault(command) : null;
}

function redriveFault(command: RedriveCommand): string | null {
  const { selection, selected, rate, notBefore, canary, maxRedrives, value } = command;
  if (!isWhole(selected, 0, Number.MAX_SAFE_INTEGER)) return 'a number of letters that is none';
  if (rate !== null && !(rate > 0 && rate <= MAX_RATE)) {
    return `a rate is above 0 and at most ${MAX_RATE} a second`;
  }
  if (!isTime(notBefore)) return 'the time to begin at is none';
  if (!isWhole(maxRedrives, 1, 1000)) return 'the number of redrives is from 1 to 1000';
  if (canary !== null && !isWhole(canary.count, 1, MAX_COUNT)) {
    return `a canary has from 1 to ${MAX_COUNT} letters`;
  }
  if (canary !== null && !(canary.maxFailed >= 0 && canary.maxFailed <= 1)) {
    return 'the share of a canary that may fail is from 0 to 1';
  }
  if (value !== null && value.length > MAX_VALUE_BYTES) {
    return `an edited value has at most ${MAX_VALUE_BYTES} bytes`;
  }
  if (value !== null && (selection.kind === 'filter' || selection.offsets.length !== 1)) {
    return 'an edited value is for one letter';
  }
  if (selection.kind === 'filter') return filterFault(selection);
  const { offsets } = selection;
  if (offsets.length > MAX_OFFSETS) return `at most ${MAX_OFFSETS} letters of a partition`;
  const ascending = offsets.every((offset, i) => i === 0 || offset > offsets[i - 1]!);
  return ascending && offsets.every(isOffset) ? null : 'offsets that are none';
}

function filterFault({ filter, below }: RedriveCommand['selection'] & { kind: 'filter' }) {
  const { code, group, from, to, q } = filter;
  if (!isOffset(below)) return 'an end of the dead letters that is none';
  if ([code, group, q].some((text) => text !== undefined && text.length > MAX_TEXT)) {
    return `the texts of a filter have at most ${MAX_TEXT} characters`;
  }
  const times = [from, to].filter((time) => time !== undefined);
  return times.every(isTime) ? null : 'a time in the filter is none';
}

function isOffset(value: number): boolean {
  return isWhole(value, 0, 2 ** 52 - 1);
}

function isWhole(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to;
}

function isTime(ms: number): boolean {
  return isWhole(ms, 0, MAX_TIME);
}

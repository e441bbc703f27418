// Where the letters of a selection stand.
import type { Selection } from './command.ts';
import type { OffsetRange } from './offset-ranges.ts';
import type { Bounds } from './ports.ts';

/** Offsets between two letters that are read through rather than asked for one by one. */
const MAX_GAP = 2000;

/** From where to where to read for the letters that are selected, as far as they are there. */
export function rangesOf(selection: Selection, { low, high }: Bounds): readonly OffsetRange[] {
  if (selection.kind === 'filter') return [{ from: low, to: Math.min(selection.below, high) }];
  const ranges: { from: number; to: number }[] = [];
  for (const offset of selection.offsets) {
    if (offset < low || offset >= high) continue;
    const last = ranges.at(-1);
    if (last !== undefined && offset - last.to < MAX_GAP) last.to = offset + 1;
    else ranges.push({ from: offset, to: offset + 1 });
  }
  return ranges;
}

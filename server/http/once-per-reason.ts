import { describe } from '../errors.ts';

/** More reasons than a service can have; whoever finds more gets the first ones told again. */
const MAX_REASONS = 100;

/** Tells of each reason once: what fails ten times a second is not ten lines a second. */
export function oncePerReason(tell: (error: unknown) => void): (error: unknown) => void {
  const told = new Set<string>();
  return (error) => {
    const reason = describe(error);
    if (told.has(reason)) return;
    if (told.size >= MAX_REASONS) told.clear();
    told.add(reason);
    tell(error);
  };
}

// Keys that work anywhere on the page. Single letters can be in the way of who speaks to a computer
// (WCAG 2.1.4), so they can be switched off.

/** Whether the keys are on; where nothing can be kept they are. */
export function keysAreOn(): boolean {
  try {
    return localStorage.getItem('keys') !== 'off';
  } catch {
    return true;
  }
}

/** Switches them, as long as the browser keeps it. */
export function switchKeys(on: boolean) {
  try {
    if (on) localStorage.removeItem('keys');
    else localStorage.setItem('keys', 'off');
  } catch {
    // Storage can be forbidden; then the keys stay on.
  }
}

/** Whether a press is for the page: not for a field, not for a dialog, and no command of the browser. */
export function isForPage({ target, ctrlKey, metaKey, altKey, repeat }: KeyboardEvent): boolean {
  const taken = (target as Element).closest('input, select, textarea, dialog');
  return keysAreOn() && !(ctrlKey || metaKey || altKey || repeat || taken);
}

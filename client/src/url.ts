// The address says what is looked at, so that it can be reloaded and sent to somebody.

/** A parameter of the address; null when it is not there. */
export function parameter(name: string): string | null {
  return new URLSearchParams(location.search).get(name);
}

/** Changes parameters (null takes one away); `push` makes a step that the back button takes back. */
export function setParameters(change: Record<string, string | null>, push = false) {
  const parameters = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === '') parameters.delete(name);
    else parameters.set(name, value);
  }
  const search = parameters.toString();
  const url = `${location.pathname}${search ? `?${search}` : ''}${location.hash}`;
  if (push) history.pushState(null, '', url);
  else history.replaceState(null, '', url);
}

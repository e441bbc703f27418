// What the commands have in common that stay in the foreground until Ctrl-C.
import { ConfigError, describe } from '../errors.ts';

/** Runs a command: what it throws is told without a stack, and ends it with 2 (what was asked for is wrong) or 1. */
export async function inForeground(main: () => Promise<void>): Promise<void> {
  // Whoever read along, such as `head`, may go away: that is no reason to end what others use.
  process.stdout.on('error', () => {});
  try {
    await main();
  } catch (error) {
    console.error(describe(error));
    process.exitCode = error instanceof ConfigError ? 2 : 1;
  }
}

/** Calls `stop` at Ctrl-C and when the process is told to end. */
export function atCtrlC(stop: () => void): void {
  // `on`, not `once`: npm hands a Ctrl-C on that the terminal has sent already.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, stop);
}

/** The port in `text`; a number outside `min` to `max` is a fault, and then no port. */
export function portIn(text: string, min: number, max: number, faults: string[]): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < min || port > max) {
    faults.push(`--port is a whole number from ${min} to ${max}, not "${text}"`);
  }
  return port;
}

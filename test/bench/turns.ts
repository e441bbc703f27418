// What work costs, in CPU time: a machine that has much else to do changes little of it.
import { readFileSync } from 'node:fs';

import { systemClock as clock } from '../../server/log/clock.ts';
import type { LogReader } from '../../server/log/ports.ts';

/** Ms of CPU that this process has used, in all of its threads. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const ON_CPU = `/proc/self/task/${process.pid}/schedstat`;

/** Ms of CPU of the thread that runs everything else; where that is not known (Linux knows) of all threads. */
function loopMs(): number {
  try {
    return Number(readFileSync(ON_CPU, 'latin1').split(' ')[0]) / 1e6;
  } catch {
    return cpuMs();
  }
}

/** What `work` gives, what it cost, and for how long nothing else could run meanwhile; ms of CPU. */
export async function measure<T>(
  work: () => Promise<T> | T,
): Promise<{ result: T; cost: number; longestTurn: number }> {
  let open = true;
  let longestTurn = 0;
  const begun = cpuMs();
  let turnAt = loopMs();
  const turn = () => {
    const now = loopMs();
    longestTurn = Math.max(longestTurn, now - turnAt);
    turnAt = now;
  };
  const watch = () => {
    turn();
    if (open) setImmediate(watch);
  };
  setImmediate(watch);
  const result = await work();
  turn();
  open = false;
  return { result, cost: cpuMs() - begun, longestTurn };
}

/** A log in memory as one behind a network, between whose answers others get their turn. */
export function takingTurns(reader: LogReader): LogReader {
  return {
    ...reader,
    follow: (tp, from, follower) =>
      reader.follow(tp, from, {
        ...follower,
        async records(set) {
          await clock.breathe();
          await follower.records(set);
        },
      }),
  };
}

/** One line of a table: what came out, beside what it should be at least or at most. */
export type Row = { readonly what: string; readonly measured: string; readonly aim: string };

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

export function row(
  what: string,
  measured: number,
  aim: { least: number } | { most: number },
): Row {
  const [words, bound, isMet] =
    'least' in aim
      ? ['at least', aim.least, measured >= aim.least]
      : ['at most', aim.most, measured <= aim.most];
  const missed = isMet ? '' : ', missed';
  return {
    what,
    measured: number.format(measured),
    aim: `${words} ${number.format(bound)}${missed}`,
  };
}

// The end of every story: one owner works off what is left, nothing more happens, and all agree.
import { merge, sumOf, type Tally } from '../../server/orders/averages.ts';
import { ownLetters, selectedBy } from './commands.ts';
import { demand } from './oracle.ts';
import { names } from './task.ts';
import type { Instance, Watcher, World } from './world.ts';

/** More events than any story needs. */
const PATIENCE = 5000;
/** The breaker lets one more order be given up each time. */
const MANY_PAUSES = 500;
/** Backoffs are below 100 ms; what is sent again after lost acknowledgements waits 5 s now and then. */
const PATIENCE_MS = 60_000;

/** Brings the world to rest and compares what `early` and others see with what must have come out. */
export async function comeToRest(world: World, early: Watcher): Promise<void> {
  const { scheduler, logs } = world;
  world.calm = true;
  const startedAt = scheduler.time;
  for (const instance of world.instances()) {
    instance.host.state = 'running';
    if (scheduler.pick(2) === 0) world.crash(instance);
  }
  await drain(world);
  while (logs.delayed > 0) logs.release(scheduler.pick(4) > 0);
  await drain(world);
  const last = soleOwner(world);
  await drain(world);
  for (let times = 0; times < 50 && last.run.task.state === 'CLOSED'; times += 1) {
    if (world.spoilt && hasStopped(last)) return;
    world.skip();
    await drain(world);
    if (last.run.task.state === 'CLOSED') world.join(last);
    await drain(world);
  }
  if (world.spoilt && hasStopped(last)) return;
  void last.run.task.trim();
  await drain(world);
  // What is trimmed has to suffice for whoever comes next.
  world.crash(last);
  const owner = world.start();
  await drain(world);
  pressAgain(world);
  await drain(world);
  const late = world.watch();
  await drain(world);
  world.verify();
  demand(owner.run.task.state === 'RUNNING', `the owner is ${owner.run.task.state}`);
  const waited = scheduler.time - startedAt;
  demand(waited < PATIENCE_MS, `it takes ${waited} ms to come to rest`);
  allSent(world);
  const orders = logs.boundsOf(names.orders.topic);
  const deadLetters = logs.boundsOf(names.deadLetters.topic);
  for (const { host, view, averages } of [early, late, owner]) {
    await view.merge();
    const head = view.heads().get(0);
    demand(head !== undefined, `${host.name} sees no checkpoint`);
    demand(head.nextOffset === orders.high, `${host.name} sees ${head.nextOffset} orders`);
    demand(head.deadLetterOffset === deadLetters.high, `${host.name} misses dead letters`);
    demand(head.pendingCount === 0, `${host.name} sees pending orders`);
    demand(
      show(averages.averages) === show(world.head.averages),
      `${host.name} shows other averages`,
    );
    const total: Tally = { count: 0, low: 0, carry: 0 };
    for (const tally of world.head.averages.values()) merge(total, tally, 1);
    demand(sumOf(total) === sumOf(averages.total), `${host.name} shows another total`);
    const told = (each: typeof head) =>
      JSON.stringify([each.commands, each.copies, each.foreign, each.redrivenCount]);
    const first = early.view.heads().get(0)!;
    demand(told(head) === told(first), 'two views tell other outcomes');
    demand(show(averages.averages) === show(early.averages.averages), 'two views differ');
    demand(head.writtenAt === early.view.heads().get(0)!.writtenAt, 'two views have two heads');
    const letters = view.newestDeadLetters(100).map(({ origin }) => origin?.offset);
    const shown = new Set(letters.filter((offset) => offset !== undefined));
    for (const origin of world.oracle.originsBetween(deadLetters.low, deadLetters.high)) {
      demand(shown.has(origin), `${host.name} does not show the dead letter of ${origin}`);
    }
  }
}

/** Somebody selects all letters again: those that were redriven are not sent once more. */
function pressAgain({ logs, commands }: World): void {
  if (commands.redrives.length === 0) return;
  const below = logs.boundsOf(names.deadLetters.topic).high;
  const how = { rate: null, canary: null, value: null };
  commands.redrive({ kind: 'filter', filter: {}, below }, how);
}

/**
 * Every redrive has ended; every letter that was selected was sent, unless the redrive was cancelled or
 * stopped by its canary, or the letter is there no more.
 */
function allSent({ logs, oracle, commands }: World): void {
  const letters = ownLetters(logs, names);
  for (const redrive of commands.redrives) {
    const { id, ends, cancelled, hasCanary } = redrive;
    demand(ends.length > 0, `${id} has no end`);
    demand(cancelled || !ends.includes('cancelled'), `${id} is closed as cancelled`);
    demand(hasCanary || !ends.includes('stopped'), `${id} is stopped without a canary`);
    if (!ends.includes('done')) continue;
    for (const { offset, origin } of selectedBy(redrive, letters)) {
      demand(oracle.wasRedriven(origin), `${id} has not sent letter ${offset}`);
    }
  }
}

/** At what is not as it should be, and says so. */
function hasStopped({ tasks }: Instance): boolean {
  return tasks.status().failures.some(({ reason }) => /never counted|recreated/.test(reason));
}

function show(averages: Iterable<[string, Tally]>): string {
  return [...averages]
    .map(([product, tally]) => `${product} ${tally.count} ${sumOf(tally)}`)
    .sort()
    .join();
}

/** Stops all but one; starts one when there is none. */
function soleOwner(world: World): Instance {
  let owner: Instance | undefined;
  for (const instance of world.instances()) {
    if (owner !== undefined) world.crash(instance);
    else if (instance.stopped) {
      demand(instance.run.task.state === 'CLOSED', `${instance.host.name} has stopped, but works`);
    } else if (instance.run.task.state === 'RUNNING') owner = instance;
  }
  return owner ?? world.start();
}

/** Until nothing happens any more, and nothing keeps it from happening. */
async function drain(world: World): Promise<void> {
  for (let times = 0; times < MANY_PAUSES; times += 1) {
    await settle(world);
    if (!world.commands.isPaused) return;
    world.commands.resume();
  }
  demand(false, 'the partition is paused again and again');
}

async function settle(world: World): Promise<void> {
  const { scheduler } = world;
  for (let events = 0; events < PATIENCE; events += 1) {
    if (!(await scheduler.fire()) && !scheduler.advanceToNext()) return;
    if (events % 8 === 0) world.verify();
  }
  demand(false, 'the world does not come to rest');
}

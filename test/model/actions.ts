// What may befall the world, one thing at a time.
import fc from 'fast-check';
import type { Selection } from '../../server/log/command.ts';
import { causeOfFault, deadLetterHeaders } from '../../server/log/dead-letter.ts';
import { Fault } from '../../server/log/fault.ts';
import { redrivenRecord } from '../../server/log/redrive.ts';
import type { LetterFilter } from '../../server/log/selection.ts';
import { REASONS } from '../../server/orders/reasons.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { codeOf, ownLetters, selectedBy } from './commands.ts';
import type { Kind } from './handler.ts';
import type { Fate } from './logs.ts';
import { names } from './task.ts';
import type { Instance, World } from './world.ts';

/** `size` and `salt` mean what the kind makes of them; all that is random in it follows from `salt`. */
export type Action = { readonly kind: ActionKind; readonly size: number; readonly salt: number };
export type ActionKind = keyof typeof APPLY;

const KINDS: readonly (Kind | 'junk' | 'null')[] = [
  ...(['good', 'good', 'good', 'good', 'wild', 'wild', 'wild', 'busy', 'never'] as const),
  ...(['junk', 'null'] as const),
];
const TIMES = [0, 1, 10, 10, 20, 20, 50, 100, 300, 1000];
/** Records a second; a tenth of it is a batch. */
const RATES = [null, null, 10, 30];
const FATES: readonly Fate[] = ['unheard', 'unheard', 'refused', 'late', 'late', 'late', 'twice'];

function record(kind: (typeof KINDS)[number], { scheduler: { pick } }: World): RecordContent {
  const order = {
    orderId: kind,
    product: pick(4) === 0 ? `new${pick(9)}` : `p${pick(2)}`,
    price: pick(1000) / 4,
  };
  const value =
    kind === 'null' ? null : kind === 'junk' ? Buffer.from([9, 1]) : encodeSomeOrder(order);
  return { timestamp: 1, key: null, value, headers: [] };
}

function deadLetter(group: string, offset: number, value: Buffer | null): RecordContent {
  const origin = { ...names.orders, offset, timestamp: 1 };
  const cause = causeOfFault(new Fault(REASONS.EMPTY, 'nothing'), 1);
  const headers = deadLetterHeaders(origin, cause, { group, app: 'a', instance: 'i' }, []);
  return { timestamp: 1, key: null, value, headers };
}

/** One of the instances in that state of mind, if any. */
function choose(world: World, matches: (instance: Instance) => boolean): Instance | undefined {
  const matching = world.instances().filter(matches);
  return matching[world.scheduler.pick(matching.length)];
}

const isRunning = ({ host }: Instance) => host.state === 'running';
const isWorking = (instance: Instance) =>
  isRunning(instance) && instance.run.task.state !== 'CLOSED';

/**
 * Retention of the dead-letter topic, which outlives every delay: it takes only what all have read,
 * and will not be sent again, of orders that are gone and that all have passed.
 */
function expireDeadLetters({ logs, oracle, instances, head }: World): void {
  const live = instances().filter(({ run }) => run.task.state !== 'CLOSED');
  const positions = [head, ...live.map(({ run }) => run.ledger ?? run.floor)];
  const { low, high } = logs.boundsOf(names.deadLetters.topic);
  if (positions.some(({ deadLetterOffset }) => deadLetterOffset < high)) return;
  if (live.some(({ run }) => run.unacknowledged.size > 0)) return;
  if (logs.isAwaited(names.deadLetters.topic)) return;
  const passed = Math.min(...positions.map(({ nextOffset }) => nextOffset));
  const kept = Math.min(passed, logs.boundsOf(names.orders.topic).low);
  let end = low;
  while (end < high && [...oracle.originsBetween(end, end + 1)].every((x) => x < kept)) end += 1;
  logs.deleteBelow(names.deadLetters.topic, end);
}

async function work({ scheduler }: World, events: number): Promise<string> {
  let fired = 0;
  while (fired < events && (await scheduler.fire())) fired += 1;
  return `${fired} events`;
}

const APPLY = {
  produce(world: World, size: number): string {
    const { logs, scheduler } = world;
    if (scheduler.pick(8) === 0) logs.leaveOut(names.orders.topic, size % 2 ? 'hole' : 'control');
    const kinds = Array.from(
      { length: 1 + (size % 4) },
      () => KINDS[scheduler.pick(KINDS.length)]!,
    );
    const records = kinds.map((kind) => record(kind, world));
    logs.append(names.orders.topic, records);
    return kinds.join(' ');
  },
  damage(world: World, size: number): string {
    const records = Array.from({ length: 1 + (size % 3) }, () => record('good', world));
    world.logs.append(names.orders.topic, records, 'damaged');
    return `a damaged batch of ${records.length}`;
  },
  /** Somebody selects dead letters, by their places or by a filter; now and then the same as before. */
  redrive(world: World, size: number): string {
    const { logs, commands, scheduler } = world;
    const letters = ownLetters(logs, names);
    if (letters.length === 0) return 'there are no dead letters';
    const { pick } = scheduler;
    const one = letters[pick(letters.length)]!;
    const some = letters.map(({ offset }) => offset).filter(() => pick(2) === 0);
    const { high: below } = logs.boundsOf(names.deadLetters.topic);
    const filter = (filter: LetterFilter): Selection => ({ kind: 'filter', filter, below });
    const selection: Selection = [
      filter({}),
      filter({ code: codeOf(one.record) }),
      { kind: 'offsets' as const, offsets: some.length > 0 ? some : [one.offset] },
      { kind: 'offsets' as const, offsets: [one.offset] },
    ][size % 4]!;
    const how = {
      value: size % 4 === 3 ? record('good', world).value : null,
      rate: RATES[pick(RATES.length)]!,
      canary: pick(4) === 0 ? { count: 1 + pick(2), maxFailed: pick(2) / 2 } : null,
    };
    // Now and then two people press the same button.
    const same = Array.from({ length: pick(4) === 0 ? 2 : 1 }, () =>
      commands.redrive(selection, how),
    );
    const offsets = selectedBy(same[0]!, letters).map(({ offset }) => offset);
    return `${same.map(({ id }) => id)} selects ${offsets}${how.value ? ', edited' : ''}`;
  },
  cancel({ commands, scheduler }: World): string {
    const redrive = commands.redrives[scheduler.pick(commands.redrives.length)];
    if (redrive !== undefined) commands.cancel(redrive);
    return redrive?.id ?? 'nothing';
  },
  pause({ commands }: World): string {
    commands.pause();
    return 'somebody';
  },
  resume({ commands }: World): string {
    commands.resume();
    return 'somebody';
  },
  /** Another group redrives, or somebody writes half of the headers, or a copy out of the blue. */
  odd(world: World, size: number): string {
    const { logs, scheduler } = world;
    const { pick } = scheduler;
    const origin = pick(12);
    const redrive = {
      group: 'other',
      deadLetter: pick(5),
      origin,
      id: 'o',
      count: 1,
      at: 1,
      by: '',
    };
    const whole = redrivenRecord(record('wild', world), redrive);
    const half = { ...whole, headers: whole.headers.slice(size % 3) };
    logs.append(names.orders.topic, [size % 2 === 0 ? whole : half]);
    return size % 2 === 0 || size % 3 === 0 ? 'another group redrives' : 'half of the headers';
  },
  skip(world: World): string {
    world.skip();
    return `at ${world.head.nextOffset}`;
  },
  strangers({ logs, scheduler }: World): string {
    const offset = scheduler.pick(9);
    logs.append(names.deadLetters.topic, [deadLetter('other', offset, null)]);
    return `another group gives up order ${offset}`;
  },
  run: (world: World, size: number) => work(world, 2 * size),
  /** Long enough for an order to be given up, or for a redrive to be carried out. */
  work: (world: World, size: number) => work(world, 10 * size),
  wait({ scheduler }: World, size: number): string {
    const ms = TIMES[size]!;
    scheduler.advance(ms);
    return `${ms} ms`;
  },
  rebalance(world: World, size: number): string {
    const others = world.instances().filter(isWorking);
    if (world.instances().length >= 3) return 'no room';
    const started = world.start();
    if (size % 3 === 0) return `${started.host.name} starts, the others do not hear of it`;
    for (const other of others) {
      other.generation = world.generation;
      if (size % 3 === 1) other.tasks.assign([]);
    }
    return `${started.host.name} starts, the others ${size % 3 === 1 ? 'stop' : 'are told but go on'}`;
  },
  reassign(world: World): string {
    const instance = choose(world, (each) => isRunning(each) && !isWorking(each));
    if (instance !== undefined) world.join(instance);
    return instance?.host.name ?? 'nobody';
  },
  stop(world: World, size: number): string {
    const instance = choose(world, isWorking);
    if (instance === undefined) return 'nobody';
    world.stop(instance);
    if (size % 3 === 0) world.join(instance);
    return `${instance.host.name}${size % 3 === 0 ? ', which joins while it stops' : ''}`;
  },
  skew(world: World, size: number): string {
    const instance = choose(world, () => true);
    if (instance !== undefined) instance.host.skew = (size - 4) * 3_600_000;
    return `the clock of ${instance?.host.name ?? 'nobody'} is ${size - 4} h ahead`;
  },
  /** Preferably of an order that waits somewhere and stands in no checkpoint yet. */
  compact({ instances, logs, oracle, head, scheduler: { pick } }: World): string {
    const waiting = instances().flatMap(({ run }) => [...(run.ledger?.pending.keys() ?? [])]);
    const { low, high } = logs.boundsOf(names.orders.topic);
    const unsaid = waiting.filter((offset) => offset >= head.nextOffset);
    const offset = unsaid[pick(unsaid.length)] ?? low + pick(high - low);
    if (!logs.compact(names.orders.topic, offset)) return 'nothing to compact';
    oracle.compacted(offset);
    return `order ${offset} is gone`;
  },
  /** Somebody writes that an order was given up, with a content that it never had. */
  forge(world: World, size: number): string {
    const { logs, oracle, head, scheduler } = world;
    const gap = head.gapRanges[scheduler.pick(head.gapRanges.length)];
    if (size > 1 || head.nextOffset === 0) return 'nothing';
    if (head.nextOffset > 0 && [...Array(head.nextOffset).keys()].some(oracle.isRedriven))
      return 'no';
    const isGap = size > 0 && gap !== undefined;
    const offset = isGap ? gap.from : scheduler.pick(head.nextOffset);
    // Where there never was an order it makes no difference who says that it was given up, as long as
    // retention has not taken a dead letter that said so before.
    const { low } = logs.boundsOf(names.orders.topic);
    world.spoilt ||= oracle.hasOrder(offset) || offset < low;
    const order = { orderId: 'ghost', product: isGap ? 'p0' : 'ghost', price: 1 };
    oracle.forge();
    logs.append(names.deadLetters.topic, [deadLetter(names.group, offset, encodeSomeOrder(order))]);
    return `a dead letter for order ${offset}`;
  },
  /** A topic is deleted and there again, with as many records or more. */
  recreate(world: World, size: number): string {
    const { logs, oracle, head } = world;
    if (size > 1 || head.nextOffset === 0 || world.spoilt) return 'nothing';
    world.spoilt = true;
    const { topic } = size === 0 ? names.orders : names.deadLetters;
    const bounds = logs.boundsOf(topic);
    oracle.recreated(topic, bounds);
    const records = Array.from({ length: bounds.high + 2 }, (_, n) =>
      size === 0 ? record('good', world) : deadLetter('other', n, null),
    );
    logs.recreate(topic);
    logs.append(topic, records);
    return topic;
  },
  crash(world: World): string {
    const instance = choose(world, () => true);
    if (instance !== undefined) world.crash(instance);
    return instance?.host.name ?? 'nobody';
  },
  freeze(world: World): string {
    const instance = choose(world, isRunning);
    if (instance !== undefined) instance.host.state = 'frozen';
    return instance?.host.name ?? 'nobody';
  },
  thaw(world: World): string {
    const instance = choose(world, ({ host }) => host.state === 'frozen');
    if (instance !== undefined) instance.host.state = 'running';
    return instance?.host.name ?? 'nobody';
  },
  doom({ logs }: World, size: number): string {
    const fate = FATES[size % FATES.length]!;
    logs.doom(fate);
    return `the next append: ${fate}`;
  },
  release({ logs }: World, size: number): string {
    logs.release(size > 1);
    return size > 1 ? 'a delayed append arrives' : 'a delayed append never arrives';
  },
  expire(world: World, size: number): string {
    const { logs } = world;
    const { low } = logs.boundsOf(names.orders.topic);
    logs.deleteBelow(names.orders.topic, low + (size % 5));
    if (size > 4) expireDeadLetters(world);
    return `orders below ${low + (size % 5)}`;
  },
  trim(world: World): string {
    const instance = choose(world, isWorking);
    void instance?.run.task.trim();
    return instance?.host.name ?? 'nobody';
  },
};

const WEIGHTS: Record<ActionKind, number> = {
  produce: 10,
  redrive: 8,
  cancel: 1,
  pause: 1,
  resume: 2,
  odd: 1,
  damage: 1,
  skip: 2,
  strangers: 1,
  run: 16,
  work: 0,
  wait: 10,
  rebalance: 5,
  reassign: 2,
  stop: 2,
  skew: 4,
  compact: 4,
  forge: 4,
  recreate: 3,
  crash: 3,
  freeze: 2,
  thaw: 3,
  doom: 5,
  release: 3,
  expire: 2,
  trim: 3,
};

/** Does it, `tell`s what it was, and looks at what follows at once. */
export async function apply(
  world: World,
  { kind, size, salt }: Action,
  tell: (words: string) => void,
): Promise<void> {
  const { scheduler } = world;
  scheduler.reseed(salt);
  tell(`${kind}: ${await APPLY[kind](world, size)}`);
  for (let events = scheduler.pick(5); events > 0; events -= 1) await scheduler.fire();
  world.verify();
}

/** What redrives depend on most: crowded together, so that they meet. */
const REDRIVE_WEIGHTS: Partial<Record<ActionKind, number>> = {
  produce: 6,
  redrive: 12,
  cancel: 2,
  odd: 2,
  run: 12,
  work: 8,
  wait: 4,
  rebalance: 5,
  reassign: 1,
  crash: 5,
  freeze: 2,
  thaw: 3,
  doom: 8,
  release: 8,
  trim: 3,
  expire: 2,
};

/** A partition that is paused again and again, while orders are in hand and fail. */
const PAUSE_WEIGHTS: Partial<Record<ActionKind, number>> = {
  produce: 12,
  pause: 5,
  resume: 5,
  redrive: 2,
  cancel: 1,
  run: 16,
  wait: 4,
  rebalance: 1,
  crash: 1,
  stop: 1,
  doom: 1,
};

/** Somebody writes dead letters of orders that were counted, or that are gone. */
const FORGERY_WEIGHTS: Partial<Record<ActionKind, number>> = {
  produce: 8,
  forge: 16,
  compact: 4,
  expire: 2,
  run: 16,
  wait: 4,
  rebalance: 2,
  crash: 2,
  stop: 1,
};

/** Sequences of actions; each kind as often as its weight says. */
function sequences(weights: Partial<Record<ActionKind, number>>): fc.Arbitrary<Action[]> {
  const kinds = (Object.keys(weights) as ActionKind[]).flatMap((kind) =>
    Array<ActionKind>(weights[kind]!).fill(kind),
  );
  return fc.array(some(...kinds), { maxLength: 40, size: 'max' });
}

function some(...kinds: ActionKind[]): fc.Arbitrary<Action> {
  return fc.record({
    kind: fc.constantFrom(...kinds),
    size: fc.nat({ max: 9 }),
    salt: fc.nat({ max: 0xffff }),
  });
}

/** Without dead letters nothing can be redriven. */
const beforeRedrives = fc.tuple(some('produce'), some('produce'), some('work'));

/** What a story is about. */
export type Theme = 'anything' | 'redrives' | 'pauses' | 'forgeries';

/** What happens in stories about it. */
export const actions: Record<Theme, fc.Arbitrary<Action[]>> = {
  anything: sequences(WEIGHTS),
  redrives: fc
    .tuple(beforeRedrives, sequences(REDRIVE_WEIGHTS))
    .map(([before, actions]) => [...before, ...actions]),
  pauses: sequences(PAUSE_WEIGHTS),
  forgeries: sequences(FORGERY_WEIGHTS),
};

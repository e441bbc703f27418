// What may befall the world, one thing at a time.
import fc from 'fast-check';
import { causeOfFault, deadLetterHeaders } from '../../server/domain/dead-letter.ts';
import { encodeOrder } from '../../server/domain/order.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
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
const FATES: readonly Fate[] = ['unheard', 'unheard', 'refused', 'late', 'late', 'late', 'twice'];

function record(kind: (typeof KINDS)[number], { scheduler: { pick } }: World): RecordContent {
  const order = {
    orderId: kind,
    product: pick(4) === 0 ? `new${pick(9)}` : `p${pick(2)}`,
    price: pick(1000) / 4,
  };
  const value = kind === 'null' ? null : kind === 'junk' ? Buffer.from([9, 1]) : encodeOrder(order);
  return { timestamp: 1, key: null, value, headers: [] };
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
  skip(world: World): string {
    world.skip();
    return `at ${world.head.nextOffset}`;
  },
  strangers({ logs, scheduler }: World): string {
    const origin = { ...names.orders, offset: scheduler.pick(9), timestamp: 1 };
    const cause = causeOfFault({ stage: 'decode', code: 'EMPTY', reason: 'EMPTY' }, 1);
    const author = { group: 'other', app: 'other', instance: 'other' };
    const headers = deadLetterHeaders(origin, cause, author, []);
    const letter = { timestamp: 1, key: null, value: null, headers };
    logs.append(names.deadLetters.topic, [letter]);
    return `another group gives up order ${origin.offset}`;
  },
  async run({ scheduler }: World, size: number): Promise<string> {
    let fired = 0;
    while (fired < 2 * size && (await scheduler.fire())) fired += 1;
    return `${fired} events`;
  },
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
      if (size % 3 === 1) void other.run.task.close();
    }
    return `${started.host.name} starts, the others ${size % 3 === 1 ? 'stop' : 'are told but go on'}`;
  },
  reassign(world: World): string {
    const instance = choose(world, (each) => isRunning(each) && !isWorking(each));
    if (instance !== undefined) world.reopen(instance);
    return instance?.host.name ?? 'nobody';
  },
  stop(world: World): string {
    const instance = choose(world, isWorking);
    void instance?.run.task.close({ lastCheckpoint: true });
    return instance?.host.name ?? 'nobody';
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
  damage: 1,
  skip: 2,
  strangers: 1,
  run: 16,
  wait: 10,
  rebalance: 5,
  reassign: 2,
  stop: 1,
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

const kinds = (Object.keys(WEIGHTS) as ActionKind[]).flatMap((kind) =>
  Array<ActionKind>(WEIGHTS[kind]).fill(kind),
);

/** Sequences of actions. */
export const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...kinds),
    size: fc.nat({ max: 9 }),
    salt: fc.nat({ max: 0xffff }),
  }),
  { maxLength: 40, size: 'max' },
);

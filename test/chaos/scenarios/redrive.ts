// Dead letters that are redriven while those who send them are killed: each is an order again at least
// once, and counted or dead-lettered at most once more; every instance tells the same outcome.
import type { Failpoint } from '../failpoints.ts';
import type { Instance } from '../instances.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../until.ts';
import type { World } from '../world.ts';

type Asked = { readonly id: string; readonly selected: number };
type Report = {
  readonly state: string;
  readonly sent: number;
  readonly waiting: number;
  readonly processed: number;
  readonly failedAgain: number;
};

/** At which the instances die, one after the other. */
const POINTS: readonly Failpoint[] = [
  'redrive.before-send',
  'redrive.sent',
  'redrive.acked',
  'command.before-send',
  'command.sent',
  'command.acked',
  'order.handled',
  'checkpoint.before-send',
  'checkpoint.sent',
  'dlq.sent',
  'dlq.acked',
];

/** Half of all orders are given up, beside those that are none. */
const FAILING = { FAILURE_RATE: '0.5', MAX_RETRIES: '0' };
/** Every tenth fails again. */
const MENDED = { ...FAILING, FAILURE_RATE: '0.1' };
const REQUEST = { selection: { filter: {} }, rate: null, delayMs: 0, why: 'mended' };

async function killedInTheMiddle(world: World): Promise<void> {
  const { random } = world;
  const before = await world.startReady(3, { env: FAILING });
  await world.load({ badRatio: 0.05 });
  await world.progress(world.long ? 60_000 : 6000);
  const { deadLettered } = await world.settle();
  await Promise.all(before.map((instance) => instance.stop()));

  if (deadLettered.size === 0) throw new Error('no dead letter: the scenario proves nothing');
  const points = random.shuffle(POINTS).slice(0, world.long ? 6 : 3);
  const [one, two] = (await world.startReady(2, { env: MENDED })) as [Instance, Instance];
  const doomed = await world.start({
    env: MENDED,
    failpoint: random.chance(0.5) ? 'redrive.sent' : 'redrive.before-send',
  });
  await doomed.ready();
  const asked = await Promise.all([one, two].map((each) => each.ask<Asked>('/redrives', REQUEST)));
  await doomed.fallen();
  for (const failpoint of points) {
    const next = await world.start({ env: MENDED, failpoint, passes: random.between(1, 3) });
    const fell = next.fallen().then(() => true);
    const ended = until('the redrives to end', () => haveEnded(one, asked)).then(() => false);
    if (!(await Promise.race([fell, ended]))) await next.kill();
  }
  const third = await world.start({ env: MENDED });
  await third.ready();
  for (const instance of [one, two, third]) {
    await until('the redrives to end', () => haveEnded(instance, asked));
  }
  await world.settle();
  await audit(world, [one, two, third], asked, deadLettered);
}

async function haveEnded(instance: Instance, asked: readonly Asked[]): Promise<boolean> {
  const reports = asked.map(({ id }) => instance.ask<Report>(`/redrives/${id}`));
  return (await Promise.all(reports)).every(({ state }) => state === 'done');
}

/** What the topics say of each command, against what the instances say. */
async function audit(
  { kcat, names }: World,
  instances: readonly Instance[],
  asked: readonly Asked[],
  selected: ReadonlySet<string>,
): Promise<void> {
  const firsts = new Map<string, string>();
  const headersOf = async (topic: string) =>
    [...(await kcat.readHeaders(topic))]
      .map(([place, headers]) => ({ place, own: new Map(headers) }))
      .sort((a, b) => Number(a.place.split('-')[1]) - Number(b.place.split('-')[1]));
  for (const { place, own } of await headersOf(names.orders)) {
    const origin = own.get('orders.redrive.origin');
    const order = `${place.split('-')[0]}-${origin}`;
    if (origin !== undefined && !firsts.has(order))
      firsts.set(order, own.get('orders.redrive.id')!);
  }
  for (const order of selected) {
    if (!firsts.has(order)) throw new Error(`the dead letter of order ${order} was never sent`);
  }
  const letters = await headersOf(names.deadLetters);
  for (const { id } of asked) {
    const sent = [...firsts.values()].filter((each) => each === id).length;
    const again = letters.filter(({ own }) => own.get('orders.redrive.id') === id);
    const failedAgain = new Set(
      again.map(({ place, own }) => `${place.split('-')[0]}-${own.get('orders.errors.offset')}`),
    ).size;
    const facts = { sent, failedAgain, processed: sent - failedAgain, waiting: 0 };
    for (const instance of instances) {
      const { name } = instance;
      const { sent, failedAgain, processed, waiting } = await instance.ask<Report>(
        `/redrives/${id}`,
      );
      const told = JSON.stringify({ sent, failedAgain, processed, waiting });
      if (told !== JSON.stringify(facts)) {
        throw new Error(`${name} says ${told} of ${id}, the topics ${JSON.stringify(facts)}`);
      }
    }
  }
}

export const redriveScenarios: readonly Scenario[] = [
  { name: 'redrive-killed', run: killedInTheMiddle },
];

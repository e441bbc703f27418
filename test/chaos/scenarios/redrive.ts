// Dead letters that are redriven, by two who ask for the same at once, while something befalls those who
// send them: each is an order again at least once, unless it was cancelled, and counted or dead-lettered
// at most once more; every instance tells the same outcome.
import { setTimeout as delay } from 'node:timers/promises';
import type { Failpoint } from '../failpoints.ts';
import type { Instance } from '../instances.ts';
import { type Asked, auditRedrives, type Report } from '../redrive-audit.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../until.ts';
import type { World } from '../world.ts';

/** Two redrives of the same letters, on their way. */
type Stage = {
  readonly world: World;
  readonly instances: readonly Instance[];
  readonly asked: readonly Asked[];
  /** Resolves when that share of the letters is sent. */
  sent(share: number): Promise<void>;
};

/** At which instances die, one after the other. */
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
/** For so long letters are sent, so that there is a middle. */
const SECONDS = 8;

/** About so many dead letters, of twice as many orders; their orders. Nobody runs afterwards. */
async function someLetters(world: World, usual: number): Promise<ReadonlySet<string>> {
  const orders = 2 * (world.letters ?? usual);
  const instances = await world.startReady(3, { env: FAILING });
  await world.load({ badRatio: 0.05, ...(orders > 50_000 ? { rate: 20_000 } : {}) });
  await world.progress(orders);
  const { deadLettered } = await world.settle();
  await Promise.all(instances.map((instance) => instance.stop()));
  if (deadLettered.size === 0) throw new Error('no dead letter: the scenario proves nothing');
  return deadLettered;
}

/** All redrives have ended on all who live, and on one more who was not there; then they are audited. */
async function finish(
  world: World,
  asked: readonly Asked[],
  selected: ReadonlySet<string>,
  cancelled = false,
): Promise<void> {
  await (await world.start({ env: MENDED })).ready();
  const instances = world.instances.filter(({ live }) => live);
  for (const instance of instances) {
    await until('the redrives to end', () => haveEnded(instance, asked));
  }
  await world.settle();
  world.note(await auditRedrives(world, { instances, asked, selected, cancelled }));
}

async function haveEnded(instance: Instance, asked: readonly Asked[]): Promise<boolean> {
  const reports = asked.map(({ id }) => instance.ask<Report>(`/redrives/${id}`));
  const ended = ({ state, waiting }: Report) =>
    ['done', 'cancelled'].includes(state) && waiting === 0;
  return (await Promise.all(reports)).every(ended);
}

async function killedInTheMiddle(world: World): Promise<void> {
  const { random } = world;
  const selected = await someLetters(world, world.long ? 100_000 : 3000);
  const points = random.shuffle(POINTS).slice(0, world.long ? POINTS.length : 3);
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
  await finish(world, asked, selected);
}

/** A scenario in which `befalls` happens in the middle of two redrives; whether it has cancelled them. */
function inTheMiddle(
  name: string,
  befalls: (stage: Stage) => Promise<unknown>,
  { brokers = 1, cancels = false }: { brokers?: 1 | 3; cancels?: boolean } = {},
): Scenario {
  async function run(world: World): Promise<void> {
    const selected = await someLetters(world, world.long ? 10_000 : 2000);
    const instances = await world.startReady(3, { env: MENDED });
    const request = { ...REQUEST, rate: Math.ceil(selected.size / SECONDS) };
    const asked = await Promise.all(
      instances.slice(0, 2).map((each) => each.ask<Asked>('/redrives', request)),
    );
    const sent = async (share: number): Promise<void> => {
      await until(`${share} of all to be sent`, async () => {
        const teller = world.instances.find(({ live }) => live)!;
        const reports = asked.map(({ id }) => teller.ask<Report>(`/redrives/${id}`));
        const all = (await Promise.all(reports)).reduce((sum, each) => sum + each.sent, 0);
        return all >= share * selected.size;
      });
    };
    await sent(0.1);
    await befalls({ world, instances, asked, sent });
    await finish(world, asked, selected, cancels);
  }
  return { name, brokers, run };
}

/** Until its partitions have gone to others, and these have gone on. */
async function frozen({ world, instances, sent }: Stage): Promise<void> {
  const [victim, ...others] = world.random.shuffle(instances) as [Instance, ...Instance[]];
  const abandoned = victim.partitions();
  victim.freeze();
  await until('the others to own all partitions', async () => {
    const owned = others.flatMap((other) => other.partitions());
    return abandoned.every((partition) => owned.includes(partition));
  });
  await sent(world.random.between(60, 95) / 100);
  victim.thaw();
}

/** Of what is sent to `orders`: nobody produces, so it is redriven records alone. */
async function lostAnswers({ world }: Stage): Promise<void> {
  const { cluster, names, random } = world;
  for (let fault = 0; fault < 10; fault += 1) {
    const produce = await cluster.proxy!.catchNext(names.orders);
    await delay(random.between(0, 300));
    const fate = random.pick(['loseAnswer', 'loseAnswer', 'drop', 'repeat'] as const);
    if (fate === 'repeat') {
      produce.pass();
      await produce.repeat();
    } else produce[fate]();
  }
}

/** A batch that arrives when others have sent the same letters. */
async function lateBatch({ world, sent }: Stage): Promise<void> {
  const { cluster, names, random } = world;
  const produce = await cluster.proxy!.catchNext(names.orders);
  const owns = ({ live, partitions }: Instance) => live && partitions().includes(produce.partition);
  const owner = world.instances.find(owns)!;
  const dies = random.chance(0.5);
  if (dies) await owner.kill();
  else owner.freeze();
  await until('another owner', async () => world.instances.some(owns));
  await sent(random.between(50, 90) / 100);
  produce.pass();
  if (!dies) owner.thaw();
}

async function brokerKilled({ world, sent }: Stage): Promise<void> {
  const node = world.random.pick(world.cluster.nodes);
  await node.kill();
  // Without another broker nothing goes on.
  if (world.cluster.nodes.length > 1) await sent(0.5);
  await node.restart();
}

async function rebalanced({ world }: Stage): Promise<void> {
  const { random } = world;
  for (let round = 0; round < 3; round += 1) {
    const guest = await world.start({ env: MENDED });
    await delay(random.between(500, 2500));
    await (random.chance(0.3) ? guest.kill() : guest.stop());
  }
}

/** Both, each on an instance that was not asked for it. */
function cancelled({ asked, instances }: Stage): Promise<unknown> {
  return Promise.all(asked.map(({ id }, i) => instances[2 - i]!.cancel(id)));
}

export const redriveScenarios: readonly Scenario[] = [
  { name: 'redrive-killed', run: killedInTheMiddle },
  inTheMiddle('redrive-frozen', frozen),
  inTheMiddle('redrive-answers-lost', lostAnswers),
  inTheMiddle('redrive-batch-late', lateBatch),
  inTheMiddle('redrive-broker-killed', brokerKilled, { brokers: 3 }),
  inTheMiddle('redrive-rebalanced', rebalanced),
  inTheMiddle('redrive-cancelled', cancelled, { cancels: true }),
];

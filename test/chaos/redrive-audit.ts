// What the topics say of each redrive, as kcat reads them, against what the instances say.
import type { TopicNames } from './audit.ts';
import type { Instance } from './instances.ts';
import type { Audited, World } from './world.ts';

export type Asked = { readonly id: string; readonly selected: number };

export type Report = {
  readonly state: string;
  readonly sent: number;
  readonly waiting: number;
  readonly processed: number;
  readonly failedAgain: number;
};

type Facts = Omit<Report, 'state'>;

/**
 * Throws unless every letter of `selected` was sent (a redrive that was cancelled leaves some out), and
 * every instance tells of each redrive what stands in the topics. What that is, of all of them together.
 */
export async function auditRedrives(
  { kcat, names }: Pick<World, 'kcat' | 'names'>,
  about: {
    instances: readonly Instance[];
    asked: readonly Asked[];
    selected: ReadonlySet<string>;
    cancelled: boolean;
  },
): Promise<Audited> {
  const { instances, asked, selected, cancelled } = about;
  const sentBy = firstsIn(await recordsOf(kcat, names.orders));
  for (const order of selected) {
    if (!cancelled && !sentBy.has(order))
      throw new Error(`the dead letter of order ${order} was never sent`);
  }
  const letters = await recordsOf(kcat, names.deadLetters);
  const all = { selected: selected.size, sent: 0, processed: 0, failedAgain: 0 };
  for (const { id } of asked) {
    const facts = factsOf(id, sentBy, letters);
    all.sent += facts.sent;
    all.processed += facts.processed;
    all.failedAgain += facts.failedAgain;
    for (const instance of instances) {
      const told = factsIn(await instance.ask<Report>(`/redrives/${id}`));
      if (JSON.stringify(told) === JSON.stringify(facts)) continue;
      const words = `${instance.name} says ${JSON.stringify(told)} of ${id}`;
      throw new Error(`${words}, the topics ${JSON.stringify(facts)}`);
    }
  }
  return all;
}

type Placed = { readonly place: string; readonly own: ReadonlyMap<string | null, string | null> };

async function recordsOf(kcat: World['kcat'], topic: TopicNames['orders']): Promise<Placed[]> {
  const offsetOf = ({ place }: Placed) => Number(place.split('-')[1]);
  return [...(await kcat.readHeaders(topic))]
    .map(([place, headers]) => ({ place, own: new Map(headers) }))
    .sort((a, b) => offsetOf(a) - offsetOf(b));
}

/** By the order that was redriven: the redrive whose record came first. */
function firstsIn(orders: readonly Placed[]): Map<string, string> {
  const firsts = new Map<string, string>();
  for (const { place, own } of orders) {
    const origin = own.get('orders.redrive.origin');
    if (origin === undefined) continue;
    const order = `${place.split('-')[0]}-${origin}`;
    if (!firsts.has(order)) firsts.set(order, own.get('orders.redrive.id')!);
  }
  return firsts;
}

function factsOf(id: string, sentBy: Map<string, string>, letters: readonly Placed[]): Facts {
  const sent = [...sentBy.values()].filter((each) => each === id).length;
  const again = letters
    .filter(({ own }) => own.get('orders.redrive.id') === id)
    .map(({ place, own }) => `${place.split('-')[0]}-${own.get('orders.errors.offset')}`);
  const failedAgain = new Set(again).size;
  return { sent, waiting: 0, processed: sent - failedAgain, failedAgain };
}

function factsIn({ sent, waiting, processed, failedAgain }: Report): Facts {
  return { sent, waiting, processed, failedAgain };
}

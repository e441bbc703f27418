import t from 'tap';
import { createStreamTurns, type TabChannel } from '../../client/src/turns.ts';

type Message = Parameters<TabChannel['post']>[0];

/** Tabs of one browser; each counts its streams by itself. */
function browser() {
  const tabs = new Map<string, (message: Message) => void>();
  let time = 0;
  let messages = 0;
  const open = (name: string, now = () => ++time) => {
    const tab = { holds: false, freed: 0, take, leave };
    const turns = createStreamTurns(
      {
        post(message) {
          messages += 1;
          for (const [other, hear] of tabs) if (other !== name) hear(message);
        },
        listen: (hear) => tabs.set(name, hear),
      },
      name,
      now,
    );
    turns.onFree(() => {
      tab.freed += 1;
      if (!tab.holds) take();
    });
    function take() {
      tab.holds = true;
      turns.take(() => {
        tab.holds = false;
        turns.giveBack();
      });
    }
    function leave() {
      tab.holds = false;
      turns.onFree(() => {});
      turns.giveBack();
    }
    take();
    return tab;
  };
  return { open, messages: () => messages };
}

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

t.test('of seven tabs four have a stream, and they are the first', async (t) => {
  const { open } = browser();
  const tabs = names.map((name) => open(name));
  t.same(
    tabs.map(({ holds }) => holds),
    [true, true, true, true, false, false, false],
  );
});

t.test('tabs that open at the same instant come to an agreement as well', async (t) => {
  const { open } = browser();
  const tabs = names.map((name) => open(name, () => 7));
  t.equal(tabs.filter(({ holds }) => holds).length, 4);
});

t.test('when one leaves, another takes its place, and there is no end of talk', async (t) => {
  const { open, messages } = browser();
  const tabs = names.map((name) => open(name));
  const before = messages();
  tabs[1]!.leave();
  t.equal(tabs.filter(({ holds }) => holds).length, 4);
  t.ok(messages() - before < 30, `${messages() - before} messages`);
  tabs[0]!.leave();
  t.equal(tabs.filter(({ holds }) => holds).length, 4);
});

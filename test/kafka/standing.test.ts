import t from 'tap';
import { createPresence } from '../../server/kafka/presence.ts';
import { createStanding } from '../../server/kafka/standing.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

function world({ onAssigned = (_: number[]) => {} } = {}) {
  const told: unknown[] = [];
  const standing = createStanding({
    groupId: 'g',
    presence: createPresence(),
    logger: silentLogger,
    onAssigned(partitions) {
      told.push(partitions);
      onAssigned(partitions);
    },
    onState: ({ member, error }) => told.push(member ? 'member' : error),
    onRebalanced: (ms) => told.push(ms >= 0 ? 'rebalanced' : ms),
    onCrash: ({ message }) => told.push(`crash: ${message}`),
  });
  return { standing, told };
}

t.test('who is let in hears its partitions, and only then is a member', async (t) => {
  const { standing, told } = world();
  t.same(standing.asking(), []);
  t.equal(standing.joined([0, 2]), true);
  t.same(told, ['rebalanced', [0, 2], 'member']);
  t.equal(standing.heartbeat(1), false, 'nothing new');
  t.equal(told.length, 3);
});

t.test('who asks again says what it had, and is told of the new partitions alone', async (t) => {
  const { standing, told } = world();
  standing.joined([0, 2]);
  told.length = 0;
  t.same(standing.asking(), [0, 2]);
  t.equal(standing.joined([2]), false);
  t.same(told, ['rebalanced', [2]]);
});

t.test('a heartbeat of one who was out says that it is a member again', async (t) => {
  const { standing, told } = world();
  standing.joined([0]);
  standing.out('UNKNOWN_MEMBER_ID');
  told.length = 0;
  t.equal(standing.heartbeat(2), true);
  t.same(told, ['member']);
});

t.test(
  'what the one who is told of partitions throws is a crash, and no end of the join',
  async (t) => {
    const { standing, told } = world({
      onAssigned() {
        throw new Error('a mistake');
      },
    });
    t.equal(standing.joined([0]), true);
    t.same(told, [[0], 'crash: a mistake', 'member']);
  },
);

import fc from 'fast-check';
import t from 'tap';
import { assignSticky, stickyAssigner } from '../../server/kafka/sticky-assigner.ts';

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const member = (id: string, ...owned: number[]) => ({ id, owned });

t.test('every partition has one owner and shares are even', async (t) => {
  const members = fc.uniqueArray(
    fc.record({ id: fc.string({ minLength: 1 }), owned: fc.array(fc.nat({ max: 20 })) }),
    { selector: ({ id }) => id, minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(members, fc.nat({ max: 20 }), (group, count) => {
      const shares = [...assignSticky(group, range(count)).values()];
      const sizes = shares.map((share) => share.length);
      return (
        new Set(shares.flat()).size === count &&
        shares.flat().length === count &&
        Math.max(...sizes) - Math.min(...sizes) <= 1
      );
    }),
  );
  t.pass();
});

t.test('a member that joins takes only what it needs', async (t) => {
  const before = assignSticky([member('a', 0, 1, 2), member('b', 3, 4, 5), member('c')], range(6));
  t.same(
    before,
    new Map([
      ['a', [0, 1]],
      ['b', [3, 4]],
      ['c', [2, 5]],
    ]),
  );
});

t.test('a member that leaves disturbs nobody', async (t) => {
  t.same(
    assignSticky([member('a', 0, 1), member('b', 3, 4)], range(6)),
    new Map([
      ['a', [0, 1, 2]],
      ['b', [3, 4, 5]],
    ]),
  );
});

t.test('subscription and assignment are version 0, byte for byte', async (t) => {
  const cluster = { findTopicPartitionMetadata: () => [{ partitionId: 0 }, { partitionId: 1 }] };
  const create = stickyAssigner(() => [1]);
  const assigner = create({ cluster, groupId: 'g', logger: {} } as unknown as Parameters<
    typeof create
  >[0]);
  const { name, metadata } = assigner.protocol({ topics: ['t'] });
  t.equal(name, 'orders-sticky');
  // Version, topics, and "[1]" as user data: nothing after it.
  t.equal(metadata.toString('hex'), `0000${'00000001'}${'000174'}${'00000003'}5b315d`);
  const members = [{ memberId: 'm', memberMetadata: metadata }];
  const [share] = await assigner.assign({ members, topics: ['t'] });
  t.equal(
    share?.memberAssignment.toString('hex'),
    `0000${'00000001'}${'000174'}${'00000002'}${'00000001'}${'00000000'}${'00000000'}`,
  );
});

// Partition assignment that moves as little as possible: a partition stays with its member as long as
// that keeps the shares even, so its task goes on undisturbed through a rebalance.
import kafkajs, { type Assigner, type PartitionAssigner } from 'kafkajs';

const { AssignerProtocol } = kafkajs;

/**
 * Of ConsumerProtocolSubscription and ConsumerProtocolAssignment: what kafkajs writes is version 0. From
 * version 1 on a field follows, without which the members of another protocol (KIP-848) cannot read it.
 */
const VERSION = 0;

export type GroupMember = { readonly id: string; readonly owned: readonly number[] };

/** Who gets which of `partitions`: even to within one, owners before others, the same for every input order. */
export function assignSticky(
  members: readonly GroupMember[],
  partitions: readonly number[],
): Map<string, number[]> {
  const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
  const free = new Set(partitions);
  const least = Math.floor(partitions.length / sorted.length);
  let extras = partitions.length % sorted.length;
  const result = new Map<string, number[]>();
  for (const { id, owned } of sorted) {
    const kept = [...new Set(owned)]
      .filter((partition) => free.has(partition))
      .sort((a, b) => a - b);
    const room = kept.length > least && extras > 0 ? least + 1 : least;
    if (room > least) extras -= 1;
    const share = kept.slice(0, room);
    for (const partition of share) free.delete(partition);
    result.set(id, share);
  }
  const rest = [...free].sort((a, b) => a - b);
  const byLoad = () =>
    [...result.values()].reduce((fewest, share) => (share.length < fewest.length ? share : fewest));
  for (const partition of rest) byLoad().push(partition);
  return result;
}

/** The assigner for kafkajs: members tell by `owned` what they hold, the leader shares out. */
export function stickyAssigner(owned: () => readonly number[]): PartitionAssigner {
  const name = 'orders-sticky';
  return ({ cluster }): Assigner => ({
    name,
    version: VERSION,
    protocol: ({ topics }) => ({
      name,
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: VERSION,
        topics,
        userData: Buffer.from(JSON.stringify(owned())),
      }),
    }),
    async assign({ members, topics }) {
      const known = members.map(({ memberId, memberMetadata }) => ({
        id: memberId,
        owned: decodeOwned(memberMetadata),
      }));
      const shares = topics.map((topic) => {
        const partitions = cluster.findTopicPartitionMetadata(topic).map((p) => p.partitionId);
        return { topic, share: assignSticky(known, partitions) };
      });
      return known.map(({ id }) => ({
        memberId: id,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: VERSION,
          assignment: Object.fromEntries(
            shares.map(({ topic, share }) => [topic, share.get(id) ?? []]),
          ),
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });
}

/** What a member says it owns; a member of another kind owns nothing. */
function decodeOwned(metadata: Buffer): number[] {
  try {
    const userData = AssignerProtocol.MemberMetadata.decode(metadata)?.userData;
    const owned: unknown = JSON.parse(userData?.toString('utf8') || '[]');
    return Array.isArray(owned) ? owned.filter(Number.isSafeInteger) : [];
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return [];
    throw error;
  }
}

import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import t from 'tap';
import { partitionOf } from '../../server/kafka/partitioner.ts';

t.test('a key goes where the default partitioner of Kafka puts it', async (t) => {
  const reference = Partitioners.DefaultPartitioner();
  const metadata = (count: number) =>
    Array.from({ length: count }, (_, partitionId) => ({
      ...{ partitionErrorCode: 0, partitionId, leader: 1, replicas: [1], isr: [1] },
    }));
  const sameChoice = (bytes: Uint8Array, partitions: number) => {
    const key = Buffer.from(bytes);
    const message = { key, value: null };
    const partitionMetadata = metadata(partitions);
    return partitionOf(key, partitions) === reference({ topic: 't', message, partitionMetadata });
  };
  fc.assert(fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 50 }), sameChoice));
  t.pass();
});

// Records for property tests, and what two records have in common when they are the same.
import fc from 'fast-check';
import type { RecordContent } from '../../server/record-batch/record.ts';

const bytes = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const nullable = (maxLength: number) => fc.option(bytes(maxLength));

// deepEqual compares prototypes, and the values under test are plain objects.
const plain = { noNullPrototype: true };

const header = fc.record({ key: bytes(10), value: nullable(20) }, plain);

export const recordContent: fc.Arbitrary<RecordContent> = fc.record(
  {
    timestamp: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 2 ** 48 })),
    key: nullable(20),
    value: nullable(300),
    headers: fc.array(header, { maxLength: 4 }),
  },
  plain,
);

export const recordContents = fc.array(recordContent, { minLength: 1, maxLength: 20 });

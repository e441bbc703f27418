import t from 'tap';
import {
  type Committed,
  createCommittedOffsets,
  isCommitted,
} from '../../server/dev-broker/committed-offsets.ts';
import { createDisk } from '../../server/dev-broker/disk.ts';
import { ErrorCode } from '../../server/dev-broker/error-code.ts';
import { openJournal } from '../../server/dev-broker/journal.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

const offset = (topic: string, partition: number, offset: number) => ({
  ...{ topic, partition, offset, metadata: `m${offset}` },
});

t.test('what a group commits outlives the broker, and what it forgets does not', async (t) => {
  const path = `${t.testdir({})}/offsets.jsonl`;
  const open = () => {
    const journal = openJournal<Committed>(path, isCommitted);
    return { journal, offsets: createCommittedOffsets(journal, createDisk(silentLogger)) };
  };
  const first = open();
  first.offsets.save('g', [offset('a', 0, 5), offset('a', 1, 6), offset('b', 0, 7)]);
  first.offsets.save('g', [offset('a', 0, 9)]);
  first.offsets.save('h', [offset('b', 0, 1)]);
  first.offsets.forget('h', 'b');
  first.offsets.forget('g', 'b');
  t.equal(first.offsets.forget('nobody', 'b'), ErrorCode.NONE);
  first.journal.close();
  const { journal, offsets } = open();
  t.same(offsets.groups(), ['g']);
  t.same([...offsets.of('g').keys()], ['a']);
  t.same(
    [...offsets.of('g').get('a')!],
    [
      [0, { offset: 9, metadata: 'm9' }],
      [1, { offset: 6, metadata: 'm6' }],
    ],
  );
  t.equal(offsets.of('h').size, 0);
  journal.close();
});

t.test('what the disk refuses is not committed, and not forgotten', async (t) => {
  const memory = openJournal<Committed>(null);
  let isFull = false;
  const journal = {
    ...memory,
    set(changes: Parameters<typeof memory.set>[0]) {
      if (isFull) throw Object.assign(new Error('ENOSPC'), { syscall: 'write' });
      memory.set(changes);
    },
  };
  const offsets = createCommittedOffsets(journal, createDisk(silentLogger));
  offsets.save('g', [offset('a', 0, 5)]);
  isFull = true;
  t.equal(offsets.save('g', [offset('a', 0, 6)]), ErrorCode.KAFKA_STORAGE_ERROR);
  t.equal(offsets.forget('g', 'a'), ErrorCode.KAFKA_STORAGE_ERROR);
  t.equal(offsets.of('g').get('a')?.get(0)?.offset, 5);
});

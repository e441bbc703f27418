import t from 'tap';
import { fit, type Measured, simulate } from './scale-model.ts';

/** What a group would cost in which each partition takes 1 % of a core and each checkpoint 2 ms. */
function measured(mode: string, partitions: number, read: number): Measured {
  const cpu = partitions * 0.01 + read * 0.002;
  return { mode, partitions, instances: 1, cpu, read, size: 10_000 };
}

t.test('the costs of a partition and of a checkpoint are told apart', async (t) => {
  const { perPartition, perRead } = fit([
    measured('m', 4, 40),
    measured('m', 30, 100),
    measured('m', 30, 300),
  ]);
  t.match([perPartition.toFixed(6), perRead.toFixed(6)], ['0.010000', '0.002000']);
});

t.test('where they cannot be, checkpoints bear all of it', async (t) => {
  const { perPartition, perRead } = fit([measured('m', 10, 100)]);
  t.equal(perPartition, 0);
  t.equal(perRead.toFixed(6), '0.003000');
});

t.test('samples cost a fraction of what reading each checkpoint costs', async (t) => {
  const all = [measured('nobody looks', 4, 40), measured('nobody looks', 30, 100)];
  const each = all.map((one) => ({ ...one, mode: 'each checkpoint read' }));
  const rows = simulate([...all, ...each], { rate: 10 });
  const read = (mode: string) =>
    rows.filter((row) => row.mode === mode).map((row) => row['read/s']);
  t.same(read('each checkpoint read'), [3000, 10_000, 30_000]);
  t.same(read('nobody looks'), [368, 545, 1043], 'its own, and the others every 4 s');
});

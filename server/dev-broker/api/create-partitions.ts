import { defineApi } from '../api.ts';

export const createPartitions = defineApi({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 1],
  decode(r) {
    const topics = r.array(() => {
      const wanted = { name: r.string(), partitions: r.int32() };
      r.nullableArray(() => r.array(r.int32));
      return wanted;
    });
    r.int32();
    return { topics, dryRun: r.boolean() };
  },
  handle: ({ topics: wanted, dryRun }, { topics }) =>
    wanted.map(({ name, partitions }) => ({
      name,
      error: dryRun ? topics.growthFault(name, partitions) : topics.grow(name, partitions),
    })),
  encode(w, results) {
    w.int32(0);
    w.array(results, ({ name, error }) => {
      w.string(name);
      w.int16(error);
      w.nullableString(null);
    });
  },
});

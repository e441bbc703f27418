// AlterConfigs: all settings of a topic at once; what is not named gets its default again.
import { alterAnswer, alterTopic } from '../alter-topic.ts';
import { defineApi } from '../api.ts';
import * as t from '../fields.ts';
import { toConfig } from '../topic-config.ts';

const entry = t.struct({ name: t.string, value: t.nullableString });

export const alterConfigs = defineApi(33, 'AlterConfigs', [0, 1], {
  request: {
    resources: t.list({ type: t.int8, name: t.string, entries: t.array(entry) }),
    dryRun: t.boolean,
  },
  answer: alterAnswer,
  handle: ({ resources, dryRun }, broker) => ({
    results: resources.map((each) =>
      alterTopic(broker, each, dryRun, () => toConfig(each.entries)),
    ),
  }),
});

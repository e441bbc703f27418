// IncrementalAlterConfigs (KIP-339): the settings that are named, one by one.
import { alterAnswer, alterTopic } from '../alter-topic.ts';
import { defineApi } from '../api.ts';
import * as t from '../fields.ts';
import { configList, type TopicConfig } from '../topic-config.ts';

const Operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

const change = t.struct({ name: t.string, operation: t.int8, value: t.nullableString });
type Change = typeof change.absent;

function apply(before: TopicConfig, changes: readonly Change[]): TopicConfig | string {
  const config = { ...before };
  for (const { name, operation, value } of changes) {
    if (operation === Operation.delete) {
      delete config[name];
      continue;
    }
    if (value === null) return `no value for ${name}`;
    const items = value.split(',');
    const old = operation === Operation.set ? [] : configList(config, name);
    if (old === null) return `${name} is no list`;
    if (operation === Operation.set) config[name] = value;
    else if (operation === Operation.append) config[name] = [...new Set([...old, ...items])].join();
    else if (operation === Operation.subtract)
      config[name] = old.filter((each) => !items.includes(each)).join();
    else return `an operation ${operation}`;
  }
  return config;
}

export const incrementalAlterConfigs = defineApi(44, 'IncrementalAlterConfigs', [0, 0], {
  request: {
    resources: t.list({ type: t.int8, name: t.string, changes: t.array(change) }),
    dryRun: t.boolean,
  },
  answer: alterAnswer,
  handle: ({ resources, dryRun }, broker) => ({
    results: resources.map((each) =>
      alterTopic(broker, each, dryRun, (before) => apply(before, each.changes)),
    ),
  }),
});

import { Resource } from '../alter-topic.ts';
import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';
import { describeConfig } from '../topic-config.ts';
import { unique } from '../unique.ts';

const resource = t.struct({ type: t.int8, name: t.string, names: t.nullableArray(t.string) });

const entry = t.struct({
  name: t.string,
  value: t.nullableString,
  readOnly: t.boolean,
  isDefault: t.between(0, 0, t.boolean),
  source: t.since(1, t.int8),
  sensitive: t.boolean,
  synonyms: t.since(1, t.list({ name: t.string, value: t.nullableString, source: t.int8 })),
});

export const describeConfigs = defineApi(32, 'DescribeConfigs', [0, 2], {
  request: { resources: t.array(resource), withSynonyms: t.since(1, t.boolean) },
  answer: {
    results: t.list({
      error: t.int16,
      message: t.nullableString,
      type: t.int8,
      name: t.string,
      entries: t.array(entry),
    }),
  },
  handle: ({ resources, withSynonyms }, { topics }) => ({
    results: unique(resources, ({ type, name }) => `${type} ${name}`).map((each) => {
      const { type, name, names } = each;
      const topic = type === Resource.topic ? topics.get(name) : undefined;
      let error: ErrorCode = ErrorCode.NONE;
      if (type === Resource.topic && !topic) error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      // The broker itself has nothing to configure.
      else if (type !== Resource.topic && type !== Resource.broker)
        error = ErrorCode.INVALID_REQUEST;
      const entries = (topic ? describeConfig(topic.config) : [])
        .filter((each) => !names || names.includes(each.name))
        .map((each) => ({ ...each, synonyms: withSynonyms ? [each] : [] }));
      return { error, message: null, type, name, entries };
    }),
  }),
});

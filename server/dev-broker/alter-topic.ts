import type { Broker } from './api.ts';
import { ErrorCode } from './error-code.ts';
import * as t from './fields.ts';
import { configFault, type TopicConfig } from './topic-config.ts';

/** What describes settings, as Kafka numbers it. */
export const Resource = { topic: 2, broker: 4 } as const;

/** What both kinds of AlterConfigs answer. */
export const alterAnswer = {
  results: t.list({ error: t.int16, message: t.nullableString, type: t.int8, name: t.string }),
};

/** Gives a topic the settings that `change` makes of those it has; a string says what is wrong. */
export function alterTopic(
  { topics }: Broker,
  { type, name }: { readonly type: number; readonly name: string },
  dryRun: boolean,
  change: (before: TopicConfig) => TopicConfig | string,
) {
  const answer = (error: ErrorCode, message: string | null = null) => ({
    error,
    message,
    type,
    name,
  });
  if (type !== Resource.topic) {
    return answer(ErrorCode.INVALID_REQUEST, 'only topics have settings in the embedded broker');
  }
  const topic = topics.get(name);
  if (!topic) return answer(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const wanted = change(topic.config);
  if (typeof wanted === 'string') return answer(ErrorCode.INVALID_REQUEST, wanted);
  const fault = configFault(wanted);
  if (fault !== null) return answer(ErrorCode.INVALID_CONFIG, fault);
  return answer(dryRun ? ErrorCode.NONE : topics.configure(name, wanted));
}

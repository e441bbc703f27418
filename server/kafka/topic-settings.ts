// The settings of topics: what one tells, what the dead-letter topic must have beside `orders`, and how
// a setting is changed.
import kafkajs, { type Admin } from 'kafkajs';
import { InconsistentStateError } from '../errors.ts';
import type { Exchange } from './exchange.ts';
import { createWireWriter } from './wire.ts';

const { ConfigResourceTypes } = kafkajs;

/** `own`: it was set for this topic; otherwise it is the broker's default. */
export type TopicSetting = { readonly value: string; readonly own: boolean };

/** What is asked for of a topic. */
const NAMES = [
  'cleanup.policy',
  'max.message.bytes',
  'min.insync.replicas',
  'retention.bytes',
  'retention.ms',
];

/** Where a value comes from, as Kafka numbers it: set for the topic. */
const OF_THE_TOPIC = 1;

/** A topic and its settings by name. */
export type Described = {
  readonly topic: string;
  readonly settings: ReadonlyMap<string, TopicSetting>;
};

/** The settings of each topic in turn. */
export async function readTopicSettings(
  admin: Admin,
  topics: readonly string[],
): Promise<Described[]> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({
      type: ConfigResourceTypes.TOPIC,
      name,
      configNames: NAMES,
    })),
  });
  return topics.map((topic) => {
    const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries;
    const settings = new Map(
      entries?.map(({ configName, configValue, configSource }): [string, TopicSetting] => [
        configName,
        { value: configValue, own: Number(configSource) === OF_THE_TOPIC },
      ]),
    );
    return { topic, settings };
  });
}

/** The value of a setting. Throws when the broker did not tell it. */
export function settingOf({ topic, settings }: Described, name: string): string {
  const setting = settings.get(name);
  if (setting === undefined) throw new InconsistentStateError(`topic ${topic} tells no ${name}`);
  return setting.value;
}

/** A setting that is not as it must be. */
export type Shortcoming = {
  readonly name: string;
  readonly found: string;
  readonly wanted: string;
};

/** A limit of a topic that must be `wanted` or more; -1 is no limit. */
export function tooSmall(described: Described, name: string, wanted: number): Shortcoming[] {
  const found = settingOf(described, name);
  const limit = (value: number) => (value < 0 ? Number.POSITIVE_INFINITY : value);
  return limit(Number(found)) >= limit(wanted) ? [] : [{ name, found, wanted: String(wanted) }];
}

/** IncrementalAlterConfigs v0 (KIP-339): sets these settings of a topic and leaves its others alone. */
export function setSettings(
  topic: string,
  settings: readonly Shortcoming[],
): Exchange<{ readonly error: number; readonly message: string }> {
  const SET = 0;
  const writer = createWireWriter();
  writer.array([topic], () => {
    writer.int8(ConfigResourceTypes.TOPIC);
    writer.string(topic);
    writer.array(settings, ({ name, wanted }) => {
      writer.string(name);
      writer.int8(SET);
      writer.string(wanted);
    });
  });
  writer.int8(0);
  return {
    silenceMs: 5000,
    api: { key: 44, version: 0, name: 'IncrementalAlterConfigs' },
    body: writer.finish(),
    read(reader) {
      const [answer] = reader.array(() => {
        const error = reader.int16();
        const message = reader.string();
        reader.int8();
        reader.string();
        return { error, message };
      });
      return answer ?? { error: -1, message: 'an empty answer' };
    },
  };
}

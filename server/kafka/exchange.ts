// A request of our own on a connection of kafkajs, and its answer.
import { readTags } from './flexible.ts';
import { fromKafkajs } from './kafkajs-error.ts';
import { type KafkajsBroker, sendWithin } from './kafkajs-inside.ts';
import { createWireReader, type WireReader } from './wire.ts';

const PRODUCE = 0;
const NO_TAGS = Buffer.from([0]);

/** A request of ours. `read` gets the answer behind its throttle time, with which all but Produce begin. */
export type Exchange<T> = {
  readonly api: { readonly key: number; readonly version: number; readonly name: string };
  /** In the form of KIP-482, whose headers carry tagged fields. */
  readonly isFlexible?: boolean;
  /** The connection is given up when nothing arrives on it for so long, in ms. */
  readonly silenceMs: number;
  readonly body: Buffer;
  readonly read: (reader: WireReader) => T;
};

export type Exchanges = {
  send<T>(broker: KafkajsBroker, exchange: Exchange<T>): Promise<T>;
  /** Throws what reading an answer threw as it is, and all else, which came from kafkajs, as an AppError. */
  rethrow(error: unknown): never;
};

export function createExchanges(): Exchanges {
  /** What our own code threw. */
  const ours = new WeakSet<object>();

  function decode<T>({ api, isFlexible = false, read }: Exchange<T>, payload: Buffer) {
    try {
      const reader = createWireReader(payload);
      if (isFlexible) readTags(reader);
      // A Produce answer has its throttle time at the end: `read` takes care of it.
      const clientSideThrottleTime = api.key === PRODUCE ? 0 : reader.int32();
      return { clientSideThrottleTime, answer: read(reader) };
    } catch (error) {
      if (error instanceof Error) ours.add(error);
      throw error;
    }
  }

  return {
    send<T>(broker: KafkajsBroker, exchange: Exchange<T>): Promise<T> {
      const { api, isFlexible = false, body, silenceMs } = exchange;
      const bytes = isFlexible ? Buffer.concat([NO_TAGS, body]) : body;
      const request = {
        apiKey: api.key,
        apiVersion: api.version,
        apiName: api.name,
        encode: async () => ({ buf: bytes, buffer: bytes, size: () => bytes.length }),
      };
      const response = {
        decode: async (payload: Buffer) => decode(exchange, payload),
        parse: async ({ answer }: { answer: T }) => answer,
      };
      return sendWithin<T>(broker, { request, response }, silenceMs);
    },
    rethrow(error) {
      if (error instanceof Error && ours.has(error)) throw error;
      return fromKafkajs(error);
    },
  };
}

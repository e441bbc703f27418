// What one kind of request is to the broker: which versions, how to read it, what to do, how to answer.
import type { Disk } from './disk.ts';
import type { Groups } from './groups.ts';
import type { Logger } from './logger.ts';
import type { Topics } from './topics.ts';
import type { Reader, Writer } from './wire.ts';

type Versions = readonly [min: number, max: number];

/** What all requests share. */
export type Broker = {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly clusterId: string;
  readonly apis: readonly Api[];
  readonly topics: Topics;
  readonly groups: Groups;
  readonly disk: Disk;
  readonly logger: Logger;
  newProducerId(): number;
};

/** Who asks. `gone` fires when nobody is there any more to be answered. */
export type Client = {
  readonly id: string;
  readonly host: string;
  readonly gone: AbortSignal;
};

/** An answer that is none: acks = 0 expects silence, or, when it failed, the end of the connection. */
export type NoAnswer = 'silence' | 'close';

const isNone = (answer: unknown): answer is NoAnswer => answer === 'silence' || answer === 'close';

type Definition<Request, Answer> = {
  readonly key: number;
  readonly name: string;
  /** Lowest and highest version served. */
  readonly versions: Versions;
  /** What ApiVersions tells where that is something else; null tells nothing. */
  readonly advertised?: Versions | null;
  decode(reader: Reader, version: number): Request;
  handle(
    request: Request,
    broker: Broker,
    client: Client,
  ): Answer | NoAnswer | Promise<Answer | NoAnswer>;
  encode(writer: Writer, answer: Answer, version: number): void;
};

export type Api = {
  readonly key: number;
  readonly name: string;
  readonly versions: Versions;
  readonly advertised: Versions | null;
  /** Writes the answer; 'close' when the request cannot be read. */
  serve(
    reader: Reader,
    version: number,
    broker: Broker,
    client: Client,
    writer: Writer,
  ): Promise<'answer' | NoAnswer>;
};

/** Makes one kind of request out of its four parts. */
export function defineApi<Request, Answer>(definition: Definition<Request, Answer>): Api {
  const { key, name, versions, advertised = versions, decode, handle, encode } = definition;
  return {
    key,
    name,
    versions,
    advertised,
    async serve(reader, version, broker, client, writer) {
      const request = decode(reader, version);
      if (reader.failed()) return 'close';
      const answer = await handle(request, broker, client);
      if (isNone(answer)) return answer;
      encode(writer, answer, version);
      return 'answer';
    },
  };
}

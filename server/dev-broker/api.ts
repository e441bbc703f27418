// What one kind of request is to the broker: which versions, its fields, what to do.
import type { Disk } from './disk.ts';
import { type Field, type Fields, int32, struct } from './fields.ts';
import type { Groups } from './groups.ts';
import type { Incidents } from './incidents.ts';
import type { Logger } from './logger.ts';
import type { Memory } from './memory.ts';
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
  readonly memory: Memory;
  readonly incidents: Incidents;
  readonly logger: Logger;
  /** How many partitions a topic gets when it is created without saying so. */
  readonly partitions: number;
  newProducerId(): number;
};

/** Who asks, and in which version. */
export type Client = {
  readonly id: string;
  readonly host: string;
  readonly version: number;
  /** Fires when the client has gone: nobody waits for the answer any more. */
  readonly gone: AbortSignal;
};

/** Why nothing is sent: with acks = 0 a producer gets no answer, and a closed connection when it failed. */
export type NoAnswer = 'silence' | 'acks = 0 was refused';

type Definition<Request, Answer> = {
  /** The versions that ApiVersions tells, where they are not those that are served; null: this kind is left out. */
  readonly advertised?: Versions | null;
  /** From which version on an answer begins with the throttle time, which is always 0 here. */
  readonly throttledSince?: number;
  /** The versions that are flexible (KIP-482); none unless it is said. */
  readonly flexible?: Versions;
  readonly request: Fields<Request>;
  readonly answer: Fields<Answer>;
  handle(
    request: Request,
    broker: Broker,
    client: Client,
  ): NoInfer<Answer> | NoAnswer | Promise<NoInfer<Answer> | NoAnswer>;
};

export type Api = {
  readonly key: number;
  readonly name: string;
  readonly versions: Versions;
  readonly advertised: Versions | null;
  isFlexible(version: number): boolean;
  /** What is asked and what is answered, as bytes. */
  readonly request: Field<unknown>;
  readonly answer: Field<unknown>;
  /** Reads the request and writes the answer, or says why there is none. */
  serve(
    reader: Reader,
    broker: Broker,
    client: Client,
    writer: Writer,
  ): Promise<'answer' | NoAnswer | 'a request that cannot be read'>;
};

/** Makes one kind of request: its key and name, and the versions that are served. */
export function defineApi<Request extends object, Answer extends object>(
  key: number,
  name: string,
  versions: Versions,
  definition: Definition<Request, Answer>,
): Api {
  const { advertised = versions, throttledSince = 0, flexible = [1, 0] } = definition;
  const request = struct(definition.request);
  const fields = struct(definition.answer);
  const answer: typeof fields = {
    absent: fields.absent,
    read(reader, version) {
      if (version >= throttledSince) int32.read(reader, version);
      return fields.read(reader, version);
    },
    write(writer, given, version) {
      if (version >= throttledSince) int32.write(writer, 0, version);
      fields.write(writer, given, version);
    },
  };
  return {
    key,
    name,
    versions,
    advertised,
    isFlexible: (version) => version >= flexible[0] && version <= flexible[1],
    request,
    answer,
    async serve(reader, broker, client, writer) {
      const asked = request.read(reader, client.version);
      if (reader.failed()) return 'a request that cannot be read';
      const given = await definition.handle(asked, broker, client);
      if (typeof given === 'string') return given;
      answer.write(writer, given, client.version);
      return 'answer';
    },
  };
}

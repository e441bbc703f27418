// What had to be mended in kafkajs: each fault is said where it is mended, and those of connections in
// kafkajs-connection.ts.
import { mendConnections } from './kafkajs-connection.ts';
import { checkInstalled, load, prototypeOf } from './kafkajs-inside.ts';

const METADATA_VERSIONS = [0, 1, 2, 3, 4, 5, 6];
/** Names of errors after which another broker may do. */
const UNREACHABLE = [
  'KafkaJSBrokerNotFound',
  'KafkaJSConnectionClosedError',
  'KafkaJSConnectionError',
  'KafkaJSRequestTimeoutError',
];

type MetadataAnswer = { topicMetadata: { partitionMetadata: unknown[] }[] };
type MetadataResponse = { parse(answer: MetadataAnswer): Promise<MetadataAnswer> };
type Tried = (target: { nodeId: string; broker: unknown }) => Promise<unknown>;
type BrokerPool = { withBroker(callback: Tried): Promise<unknown> };
type Broker = {
  readonly brokerAddress: string;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
};
type ConsumerGroup = {
  groupId: string;
  coordinator: unknown;
  offsetManager: { coordinator: unknown } | null;
  cluster: { findGroupCoordinator(query: { groupId: string }): Promise<unknown> };
  heartbeat(options: object): Promise<void>;
  subscriptionState: { active(): { partitions: unknown[] }[] };
  seekOffsets(assigned: unknown): Promise<void>;
};

let mended = false;

/** Mends kafkajs, for every client of this process; once, however often it is called. */
export function mendKafkajs(): void {
  if (mended) return;
  mended = true;
  checkInstalled();
  mendConnections();
  mendClock();
  for (const version of METADATA_VERSIONS) {
    const path = `kafkajs/src/protocol/requests/metadata/v${version}/response`;
    mendMetadata(load(path) as MetadataResponse);
  }
  mendBroker(prototypeOf<Broker>('kafkajs/src/broker/index'));
  mendLostReason(prototypeOf<BrokerPool>('kafkajs/src/cluster/brokerPool'));
  const group = prototypeOf<ConsumerGroup>('kafkajs/src/consumer/consumerGroup');
  mendPausedOffsets(group);
  mendCoordinator(group);
}

/**
 * kafkajs reckons with the wall clock: set back an hour, it sends no heartbeat for an hour, and loses its
 * place in the group; set forward, it gives up requests that were just sent. The members that hold
 * such an instant now keep it on the monotonic clock, and read as what the wall clock makes of it.
 */
function mendClock(): void {
  keepMonotonic('kafkajs/src/consumer/consumerGroup', 'lastRequest');
  keepMonotonic('kafkajs/src/consumer/offsetManager', 'lastCommit');
  keepMonotonic('kafkajs/src/cluster/brokerPool', 'metadataExpireAt');
  keepMonotonic('kafkajs/src/network/requestQueue', 'throttledUntil');
  keepMonotonic('kafkajs/src/network/requestQueue/socketRequest', 'sentAt');
}

function keepMonotonic(path: string, member: string): void {
  const instants = new WeakMap<object, number | null>();
  const ahead = () => Date.now() - performance.now();
  Object.defineProperty(prototypeOf<object>(path), member, {
    get(this: object) {
      const instant = instants.get(this) ?? null;
      return instant === null ? null : instant + ahead();
    },
    set(this: object, instant: number | null) {
      instants.set(this, instant === null ? null : instant - ahead());
    },
  });
}

/** One partition without a leader hides the metadata of all others: its leader is -1, which says it all. */
function mendMetadata(response: MetadataResponse): void {
  const { parse } = response;
  response.parse = async (answer) => {
    const topics = answer.topicMetadata.map((topic) => ({ ...topic, partitionMetadata: [] }));
    await parse({ ...answer, topicMetadata: topics });
    return answer;
  };
}

/**
 * A broker that takes connections and never answers is asked again and again, and no other one. And not
 * every error of connecting tells with whom.
 */
function mendBroker(broker: Broker): void {
  const { connect } = broker;
  broker.connect = async function (this: Broker) {
    try {
      await connect.call(this);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (!('broker' in error)) Object.assign(error, { broker: this.brokerAddress });
      if (error.name === 'KafkaJSRequestTimeoutError') {
        await this.disconnect();
        // kafkajs tries another broker after an error of this name only.
        error.name = 'KafkaJSConnectionError';
      }
      throw error;
    }
  };
}

/** Why no broker did what was asked is lost: null comes out, over which others trip. */
function mendLostReason(pool: BrokerPool): void {
  const { withBroker } = pool;
  pool.withBroker = async function (this: BrokerPool, callback: Tried) {
    let reason: unknown;
    const result = await withBroker.call(this, (target) =>
      callback(target).catch((error: unknown) => {
        reason = error;
        throw error;
      }),
    );
    if (result === null && reason !== undefined) throw reason;
    return result;
  };
}

/**
 * A consumer asks for the ends of partitions it never fetches, being paused. While one has no leader it
 * asks again and again without a pause; while one moves it leaves the group and joins again.
 */
function mendPausedOffsets(group: ConsumerGroup): void {
  const { seekOffsets } = group;
  group.seekOffsets = async function (this: ConsumerGroup, assigned: unknown) {
    const active = this.subscriptionState.active().some(({ partitions }) => partitions.length > 0);
    if (active) await seekOffsets.call(this, assigned);
  };
}

/** A coordinator that went away is asked for ever, also when another one has taken the group over. */
function mendCoordinator(group: ConsumerGroup): void {
  const { heartbeat } = group;
  group.heartbeat = async function (this: ConsumerGroup, options) {
    try {
      await heartbeat.call(this, options);
    } catch (error) {
      if (!(error instanceof Error && UNREACHABLE.includes(error.name))) throw error;
      const { groupId, cluster, offsetManager } = this;
      this.coordinator = await cluster.findGroupCoordinator({ groupId });
      if (offsetManager !== null) offsetManager.coordinator = this.coordinator;
      throw error;
    }
  };
}

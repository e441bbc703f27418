// What one instance measures of itself, as Prometheus shows it. Add these up over the instances.
import {
  Gauge,
  type OpenMetricsContentType,
  type PrometheusContentType,
  type Registry,
} from 'prom-client';
import type { Histogram } from '../log/histogram.ts';
import type { Instruments } from '../log/instruments.ts';
import type { GaugeValue } from '../orders/figures.ts';
import { type IndexedLetters, lettersByCode, oldestOpenAge } from './letter-metrics.ts';

/** What an instance knows of its own work. */
export type Instance = {
  readonly instruments: Instruments;
  /** Handler calls that have not ended. */
  callsInFlight(): number;
  /** By partition: since when its first waiting order has waited, ms since 1970; null when none waits. */
  waitingSince(): ReadonlyMap<number, number | null>;
  /** Since Kafka last took it for a member of the group, ms; null while it does not. */
  heartbeatAge(): number | null;
  readonly letters: IndexedLetters;
};

type Row = {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  values(instance: Instance, now: number): readonly GaugeValue[];
};

/** `now`: ms since 1970. */
export const INSTANCE_ROWS: readonly Row[] = [
  {
    type: 'gauge',
    name: 'orders_dead_letters',
    help: 'Dead letters by code and by what became of them, of the newest 1,000,000; no sample until all have been read. Of the whole group: every instance exports the same, so do not add them up.',
    labels: ['code', 'state'],
    values: ({ letters }) => lettersByCode(letters),
  },
  {
    type: 'gauge',
    name: 'orders_oldest_open_dead_letter_seconds',
    help: 'Age of the oldest dead letter that nobody has sent back; no sample when there is none. Of the whole group: every instance exports the same, so do not add them up.',
    values: ({ letters }, now) => oldestOpenAge(letters, now),
  },
  {
    type: 'gauge',
    name: 'service_calls_in_flight',
    help: 'Handler calls that have not ended. Of this instance.',
    values: (instance) => [{ value: instance.callsInFlight() }],
  },
  {
    type: 'gauge',
    name: 'service_oldest_waiting_seconds',
    help: 'How long the first order that waits in a partition has waited, from its first failure if it had one; 0 when none waits. Of the partitions of this instance.',
    labels: ['partition'],
    values: (instance, now) =>
      [...instance.waitingSince()].map(([partition, since]) => ({
        labels: { partition: String(partition) },
        value: since === null ? 0 : Math.max(0, now - since) / 1000,
      })),
  },
  {
    type: 'counter',
    name: 'service_rebalances_total',
    help: 'Joins of the consumer group. Of this instance.',
    values: ({ instruments }) => [{ value: instruments.rebalance.read().count }],
  },
  {
    type: 'counter',
    name: 'service_append_retries_total',
    help: 'Appends of checkpoints and dead letters that failed and had to be repeated. Of this instance.',
    values: ({ instruments }) => [{ value: instruments.appendRetries.read() }],
  },
  {
    type: 'gauge',
    name: 'service_heartbeat_age_seconds',
    help: 'Since Kafka last took this instance for a member of the group; no sample while it does not.',
    values(instance) {
      const age = instance.heartbeatAge();
      return age === null ? [] : [{ value: age / 1000 }];
    },
  },
];

type HistogramRow = readonly [name: string, help: string, of: (of: Instruments) => Histogram];

const histograms: readonly HistogramRow[] = [
  [
    'service_end_to_end_seconds',
    'From the time of an order to the end of the work on the set it was fetched in: by then it is counted, or waits. One look per set, at its last order. Of this instance.',
    ({ endToEnd }) => endToEnd,
  ],
  [
    'service_handler_seconds',
    'Handler calls that returned a promise, from the call to its end. Of this instance.',
    ({ handler }) => handler,
  ],
  [
    'service_order_attempts',
    'Attempts of the orders that had to wait, at their end; what is counted at once is not here. Of this instance.',
    ({ attempts }) => attempts,
  ],
  [
    'service_checkpoint_seconds',
    'From the encoding of a checkpoint to its acknowledgement. Of this instance.',
    ({ checkpointTook }) => checkpointTook,
  ],
  [
    'service_checkpoint_bytes',
    'Size of the checkpoints written. Of this instance.',
    ({ checkpointBytes }) => checkpointBytes,
  ],
  [
    'service_fetch_seconds',
    'From a fetch request of the tasks to its answer; when there is nothing to read the broker waits for 0.1 s. Of this instance.',
    ({ fetchTook }) => fetchTook,
  ],
  [
    'service_fetch_bytes',
    'Record bytes in an answer to a fetch request of the tasks. Of this instance.',
    ({ fetchBytes }) => fetchBytes,
  ],
  [
    'service_rebalance_seconds',
    'From asking to be let into the group to having partitions. Of this instance.',
    ({ rebalance }) => rebalance,
  ],
];

/** Adds the histograms to a registry, which reads them at each scrape. */
export function registerHistograms(
  registry: Registry<PrometheusContentType> | Registry<OpenMetricsContentType>,
  instruments: Instruments,
): void {
  for (const [name, help, of] of histograms) {
    // The counts are kept by us; the metric of the library is only there to be listed in its registry.
    const metric = new Gauge({ name, help, registers: [registry] });
    const get = async () => ({
      name,
      help,
      type: 'histogram',
      values: valuesOf(name, of(instruments)),
    });
    Object.assign(metric, { get });
  }
}

/** The samples of a histogram; of examples the library writes nothing but in OpenMetrics, where they belong. */
function valuesOf(name: string, histogram: Histogram) {
  const { cumulative, count, sum, examples } = histogram.read();
  const bucket = (le: string, value: number, at: number) => {
    const sample = { metricName: `${name}_bucket`, labels: { le }, value };
    const example = examples[at];
    if (example === undefined) return sample;
    const { labels: labelSet, at: seenAt, value: seen } = example;
    return { ...sample, exemplar: { labelSet, value: seen, timestamp: seenAt / 1000 } };
  };
  const { bounds } = histogram;
  return [
    ...bounds.map((bound, at) => bucket(String(bound), cumulative[at]!, at)),
    bucket('+Inf', count, bounds.length),
    { metricName: `${name}_sum`, labels: {}, value: sum },
    { metricName: `${name}_count`, labels: {}, value: count },
  ];
}

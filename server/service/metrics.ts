// Every Prometheus metric, in one table. Values are set from what the service shows at the scrape,
// so nothing is counted twice and every instance of a group says the same.
import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  type OpenMetricsContentType,
  type PrometheusContentType,
  Registry,
} from 'prom-client';
import type { Figures } from '../http/contract.ts';
import type { Exposition, Expositions, Sample } from '../http/routes/metrics.ts';
import { type GaugeValue, TOTALS_GAUGES } from '../orders/figures.ts';
import { INSTANCE_ROWS, type Instance, registerHistograms } from './instance-metrics.ts';

type Row = {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  values(sample: Sample): readonly GaugeValue[];
};

/** A figure of the whole group. There is no sample of it while it is not known: 0 would be a statement. */
const ofGroup = (
  type: Row['type'],
  name: string,
  help: string,
  values: (figures: Figures) => readonly GaugeValue[],
): Row => ({
  type,
  name,
  help: `${help} Of the whole group: every instance exports the same, so do not add them up.`,
  values: ({ figures }) => (figures === null ? [] : values(figures)),
});
const only =
  (type: Row['type']) =>
  (name: string, help: string, value: (figures: Figures) => number): Row =>
    ofGroup(type, name, help, (figures) => [{ value: value(figures) }]);
const counter = only('counter');
const gauge = only('gauge');

const ofInstance = (name: string, help: string, value: (sample: Sample) => number): Row => ({
  type: 'gauge',
  name,
  help: `${help} Of this instance.`,
  values: (sample) => [{ value: value(sample) }],
});

// No label is a product: whoever produces could make as many series as there are names.
const table: readonly Row[] = [
  counter(
    'orders_processed_total',
    'Orders counted in the averages, those taken out again by a correction included.',
    // A correction takes one from `counted`, and a counter must never fall.
    ({ balance }) => balance.counted + balance.corrections,
  ),
  counter(
    'orders_corrections_total',
    'Orders taken out of the averages because another owner gave them up.',
    ({ balance }) => balance.corrections,
  ),
  counter(
    'orders_dead_lettered_total',
    'Orders moved to the dead-letter topic.',
    ({ balance }) => balance.deadLettered,
  ),
  counter('orders_retries_total', 'Attempts after the first.', ({ retries }) => retries),
  gauge(
    'orders_lost',
    'Orders removed by retention before they were read. It falls when one of them turns out to be a dead letter.',
    ({ balance }) => balance.lost,
  ),
  gauge(
    'orders_pending',
    'Orders that wait for a retry or for their dead letter.',
    ({ balance }) => balance.pending,
  ),
  ...TOTALS_GAUGES.map(({ labels = [], ...row }) => ({
    ...ofGroup('gauge', row.name, row.help, row.values),
    labels,
  })),
  {
    type: 'gauge',
    name: 'orders_lag',
    help: 'Orders between the last checkpoint and the end of the partition; no sample while unknown.',
    labels: ['partition'],
    values: ({ lag: partitions }) =>
      partitions.flatMap(({ partition, lag }) =>
        lag === null ? [] : [{ labels: { partition: String(partition) }, value: lag }],
      ),
  },
  {
    type: 'gauge',
    name: 'orders_lag_seconds',
    help: 'Age of the first order after the last checkpoint, to a second, at least so much if it stood there before this instance started; 0 when there is none; no sample while unknown. Of the whole group: every instance exports about the same, so do not add them up.',
    labels: ['partition'],
    values: ({ lag: partitions, now }) =>
      partitions.flatMap(({ partition, lag, firstUnread }) => {
        const labels = { partition: String(partition) };
        if (firstUnread !== null) return [{ labels, value: secondsSince(firstUnread.since, now) }];
        return lag === 0 ? [{ labels, value: 0 }] : [];
      }),
  },
  {
    type: 'gauge',
    name: 'orders_checkpoint_age_seconds',
    help: 'Age of the last checkpoint of a partition; it grows while there is nothing to write down. Of the whole group: every instance exports the same, so do not add them up.',
    labels: ['partition'],
    values: ({ figures, now }) =>
      (figures?.asOf ?? []).flatMap(({ partition, writtenAt }) =>
        writtenAt === null
          ? []
          : [{ labels: { partition: String(partition) }, value: secondsSince(writtenAt, now) }],
      ),
  },
  ofInstance('kafka_up', '1 while Kafka answers.', ({ status }) => Number(status.kafka.up)),
  ofInstance('service_ready', '1 while the service is ready.', ({ status }) =>
    Number(status.phase === 'ready'),
  ),
  ofInstance('http_stream_clients', 'Open event streams.', ({ streamClients }) => streamClients),
  {
    type: 'counter',
    name: 'http_stream_messages_dropped_total',
    help: 'Messages that an event stream did not get because it reads slowly: it gets a whole snapshot later. Of this instance.',
    values: ({ streamDrops }) => [{ value: streamDrops }],
  },
];

/** Of a time of another machine's clock, which may be ahead. */
function secondsSince(iso: string, now: number): number {
  return Math.max(0, now - Date.parse(iso)) / 1000;
}

/** Gauges that are called like counters, which `promtool check metrics` complains about. */
const MISNAMED = ['resources', 'handles', 'requests'].map((what) => `nodejs_active_${what}_total`);

/** The metrics with those of the process, in each format in a registry of its own: OpenMetrics renames. */
export function createExpositions(instance: Instance): Expositions {
  const openMetrics = new Registry<OpenMetricsContentType>();
  openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return {
    text: createExposition(new Registry(), instance),
    openMetrics: createExposition(openMetrics, instance),
  };
}

function createExposition(
  registry: Registry<PrometheusContentType> | Registry<OpenMetricsContentType>,
  instance: Instance,
): Exposition {
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const ofInstance = INSTANCE_ROWS.map((row) => ({
    ...row,
    values: ({ now }: Sample) => row.values(instance, now),
  }));
  const writers = [...table, ...ofInstance].map((row) => {
    const { name, help, labels = [] } = row;
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    const metric = row.type === 'counter' ? new Counter(options) : new Gauge(options);
    return (sample: Sample) => {
      metric.reset();
      // After a reset a metric without labels shows 0, which would be wrong where nothing is known.
      if (labels.length === 0) metric.remove();
      for (const { labels, value } of row.values(sample)) metric.inc({ ...labels }, value);
    };
  });
  registerHistograms(registry, instance.instruments);
  return {
    contentType: registry.contentType,
    render(sample) {
      for (const write of writers) write(sample);
      return registry.metrics();
    },
  };
}

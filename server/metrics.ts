// Every Prometheus metric, in one table. Values are set from what the service shows at the scrape,
// so nothing is counted twice and every instance of a group says the same.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Exposition } from './http/routes/metrics.ts';

type Sample = Parameters<Exposition['render']>[0];
type Value = { readonly value: number; readonly labels?: Readonly<Record<string, string>> };
type Row = {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  values(sample: Sample): readonly Value[];
};

const counter = (name: string, help: string, value: (sample: Sample) => number): Row => ({
  type: 'counter',
  name,
  help,
  values: (sample) => [{ value: value(sample) }],
});

const gauge = (name: string, help: string, value: (sample: Sample) => number): Row => ({
  ...counter(name, help, value),
  type: 'gauge',
});

// No label is a product: whoever produces could make as many series as there are names.
const table: readonly Row[] = [
  counter(
    'orders_processed_total',
    'Orders counted in the averages, those taken out again by a correction included.',
    // A correction takes one from `counted`, and a counter must never fall.
    ({ metrics }) => metrics.balance.counted + metrics.balance.corrections,
  ),
  counter(
    'orders_corrections_total',
    'Orders taken out of the averages because another owner gave them up.',
    ({ metrics }) => metrics.balance.corrections,
  ),
  counter(
    'orders_dead_lettered_total',
    'Orders moved to the dead-letter topic.',
    ({ metrics }) => metrics.balance.deadLettered,
  ),
  counter('orders_retries_total', 'Attempts after the first.', ({ metrics }) => metrics.retries),
  counter(
    'orders_lost_total',
    'Orders removed by retention before they were read.',
    ({ metrics }) => metrics.balance.lost,
  ),
  gauge(
    'orders_pending',
    'Orders that wait for a retry or for their dead letter.',
    ({ metrics }) => metrics.balance.pending,
  ),
  gauge(
    'orders_average_price',
    'Average price of the counted orders, in currency units.',
    ({ metrics }) => metrics.overallAveragePrice,
  ),
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
  gauge('kafka_up', '1 while Kafka answers.', ({ status }) => Number(status.kafka.up)),
  gauge('service_ready', '1 while the service is ready.', ({ status }) =>
    Number(status.phase === 'ready'),
  ),
  gauge('http_stream_clients', 'Open event streams.', ({ streamClients }) => streamClients),
];

/** Creates the metrics in a registry of their own, with those of the process. */
export function createExposition(): Exposition {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const writers = table.map((row) => {
    const { name, help, labels = [] } = row;
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    const metric = row.type === 'counter' ? new Counter(options) : new Gauge(options);
    return (sample: Sample) => {
      metric.reset();
      for (const { labels, value } of row.values(sample)) metric.inc({ ...labels }, value);
    };
  });
  return {
    contentType: registry.contentType,
    render(sample) {
      for (const write of writers) write(sample);
      return registry.metrics();
    },
  };
}

import { average, backlog, count, plural, rate, share, UNKNOWN } from '../format.ts';
import { lagOf, type Model } from '../store.ts';
import { Card } from './card.tsx';

/** The six figures, always there and always the same size. */
export function Cards({ model }: { model: Model | null }) {
  const metrics = model?.metrics;
  const balance = metrics?.balance;
  // With Kafka down nobody knows the rate or the lag; 0 would be a statement.
  const flowing = model?.status.kafka.up ? model : null;
  const lag = flowing && lagOf(flowing);
  return (
    <section id="figures" aria-label="Figures" class="page mt-4 sm:mt-6">
      <dl class="cards">
        <Card
          label="Orders processed"
          value={count(metrics?.totalCount)}
          note={metrics ? plural(metrics.productCount, 'product') : ''}
        />
        <Card
          label="Overall average"
          value={metrics?.totalCount === 0 ? UNKNOWN : average(metrics?.overallAveragePrice)}
          note="price, all products"
        />
        <Card
          label="Throughput"
          value={rate(flowing?.throughput)}
          unit={flowing?.throughput == null ? '' : 'orders/s'}
          note="whole group"
        />
        <Card
          label="Retries waiting"
          value={count(balance?.pending)}
          note={metrics ? `${count(metrics.retries)} so far` : ''}
        />
        <Card
          label="Consumer lag"
          value={count(lag)}
          unit={lag === null ? '' : 'behind'}
          note={
            lag === null
              ? ''
              : lag === 0
                ? 'caught up'
                : (backlog(lag, flowing?.throughput ?? null) ?? '')
          }
        />
        <Card
          label="Dead letters"
          value={count(balance?.deadLettered)}
          tone={balance && balance.deadLettered > 0 ? 'danger' : undefined}
          note={
            balance && balance.deadLettered > 0
              ? `${share(balance.deadLettered, balance.deadLettered + balance.counted)} of orders`
              : ''
          }
        />
      </dl>
    </section>
  );
}

import type { Series } from '../../../server/http/contract-series.ts';
import { average, backlog, count, duration, plural, rate, share, UNKNOWN } from '../format.ts';
import { isCaughtUp, lagOf, type Model, oldestUnread } from '../store.ts';
import { Card } from './card.tsx';

/** The six figures, always there and always the same size. `time`: the server's clock; null when they are old. */
export function Cards(props: { model: Model | null; time: number | null; series: Series | null }) {
  const { model, time, series } = props;
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
          points={series?.throughput}
          value={rate(flowing?.throughput)}
          unit={flowing?.throughput == null ? '' : 'orders/s'}
          note="whole group"
        />
        <Card
          label="Orders waiting"
          points={series?.retries}
          value={count(balance?.pending)}
          note={metrics ? `${count(metrics.retries)} retries so far` : ''}
        />
        <Card
          label="Consumer lag"
          points={series?.lag}
          value={count(lag)}
          unit={lag === null ? '' : 'behind'}
          note={flowing && time !== null ? lagNote(flowing, time) : ''}
        />
        <Card
          label="Dead letters"
          points={series?.deadLetters}
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

/** What the lag means in time: how long the first order waits, and how long the rest will take. */
function lagNote(model: Model, time: number): string {
  const lag = lagOf(model);
  if (lag === null) return '';
  if (lag === 0) return isCaughtUp(model) ? 'caught up' : 'all read, some wait';
  const first = oldestUnread(model);
  const age = first === null ? 0 : time - Date.parse(first.since);
  const oldest =
    first !== null && age >= 2000
      ? `first unread ${first.orBefore ? 'over ' : ''}${duration(age)}`
      : '';
  const left =
    age >= 2000 && model.throughput === 0 ? 'nothing moves' : backlog(lag, model.throughput);
  return [oldest, left].filter((words) => words).join(', ');
}

import type { DeadLetterItem } from '../../../server/http/contract.ts';
import { dayUnlessToday, timeOfDay } from '../format.ts';
import { Name } from './name.tsx';

/** One dead letter: when, which order, why. */
export function DeadLetter({ item, today }: { item: DeadLetterItem; today: Date }) {
  const [, code = '', rest = item.reason] = /^([A-Z][A-Z_]+)\b(.*)$/s.exec(item.reason) ?? [];
  const day = dayUnlessToday(item.timestamp, today);
  return (
    <li class="letter">
      <time class="num" dateTime={item.timestamp} title={item.timestamp}>
        {day && <span class="text-subtle">{day} </span>}
        {timeOfDay(item.timestamp)}
      </time>
      {item.orderId === null ? (
        <span class="text-13 text-subtle">no order id</span>
      ) : (
        <code class="truncate" dir="auto" title={item.orderId}>
          <Name text={item.orderId} />
        </code>
      )}
      <p class="letter-reason" title={item.reason}>
        {code && <code class="text-danger">{code}</code>}
        <Name text={rest} />
      </p>
    </li>
  );
}

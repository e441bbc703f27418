import type { DeadLetterItem, LetterState } from '../../../server/http/contract-letters.ts';
import { dayUnlessToday, timeOfDay } from '../format.ts';
import { Button } from './button.tsx';
import { Name } from './name.tsx';

/** One dead letter: when, which order, why, what became of it; and the way to all of it. */
export function DeadLetter(props: {
  item: DeadLetterItem;
  today: Date;
  state?: LetterState | null;
  chosen?: boolean;
  onChoose?: () => void;
  onDetails: (id: string) => void;
}) {
  const { item, today, state, chosen, onChoose, onDetails } = props;
  const [, code = '', gap = '', rest = item.reason] =
    /^([A-Z][A-Z_]+)\b( ?)(.*)$/s.exec(item.reason) ?? [];
  const day = dayUnlessToday(item.timestamp, today);
  const name = item.orderId ?? item.id;
  return (
    <li class="letter" data-id={item.id}>
      <span class="flex min-w-0 items-center gap-2">
        {onChoose && (
          <input
            type="checkbox"
            class="check"
            aria-label={`Select ${name}`}
            checked={chosen ?? false}
            onChange={onChoose}
          />
        )}
        <time class="num text-13 text-muted" dateTime={item.timestamp} title={item.timestamp}>
          {day && <span class="text-subtle">{day} </span>}
          {timeOfDay(item.timestamp)}
        </time>
      </span>
      {item.orderId === null ? (
        <span class="text-13 text-subtle">no order id</span>
      ) : (
        <code class="truncate" dir="auto" title={item.orderId}>
          <Name text={item.orderId} />
        </code>
      )}
      <p class="letter-reason" title={item.reason}>
        {state && state !== 'open' && <em class="letter-state">{state.replace('-', ' ')}</em>}
        {code && <code class="text-danger">{code}</code>}
        {gap}
        <Name text={rest} />
      </p>
      <Button
        class="letter-more"
        aria-label={`Details of ${name}`}
        onClick={() => onDetails(item.id)}
      >
        Details
      </Button>
    </li>
  );
}

import { useRef, useState } from 'preact/hooks';
import type { DeadLetterItem } from '../../../server/http/contract.ts';
import { count } from '../format.ts';
import { useMedia, useReader } from '../hooks.ts';
import { hasOrders, type Model } from '../store.ts';
import { DeadLetter } from './dead-letter.tsx';
import { Icon } from './icon.tsx';

const NONE: readonly DeadLetterItem[] = [];

/** The newest dead letters; while somebody reads them, new ones wait to be asked for. */
export function DeadLetters({ model }: { model: Model | null }) {
  const few = useMedia('(width < 40rem)') ? 5 : 15;
  const [all, setAll] = useState(false);
  const { reading, handlers } = useReader();
  const { items, waiting, show } = useHeld(model?.deadLetters ?? NONE, reading);
  const today = new Date();
  return (
    <section class="panel" id="dead-letters" aria-labelledby="dead-letters-title" {...handlers}>
      <h2 class="panel-title" id="dead-letters-title">
        Dead letters{' '}
        <span class="num text-muted">
          {model?.metrics ? count(model.metrics.balance.deadLettered) : ''}
        </span>
        {waiting > 0 && (
          <button type="button" class="button ml-auto" onClick={show}>
            {count(waiting)} new since you started reading · Show
          </button>
        )}
      </h2>
      {model?.metrics && items.length === 0 && <NoDeadLetters model={model} />}
      {/* Keyed by place and letter: what changes is drawn anew, and nothing is seen to move. */}
      <ol>
        {(all ? items : items.slice(0, few)).map((item, place) => (
          <DeadLetter key={`${place} ${item.id}`} item={item} today={today} />
        ))}
      </ol>
      {items.length > few && (
        <div class="panel-foot">
          <span class="text-muted">the latest {count(items.length)}</span>
          <button type="button" class="button" onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : 'Show all'}
          </button>
        </div>
      )}
    </section>
  );
}

function NoDeadLetters({ model }: { model: Model }) {
  return (
    <div class="empty">
      <p class="flex items-center gap-2">
        <span class="text-ok">
          <Icon name="check" />
        </span>
        <strong>No dead letters.</strong>
      </p>
      {hasOrders(model) && (
        <p class="mt-1 text-muted">Every order so far was processed or is still being retried.</p>
      )}
    </div>
  );
}

/** The list as it was when reading began, how many came since, and how to see them. */
function useHeld(items: readonly DeadLetterItem[], reading: boolean) {
  const held = useRef(items);
  const [, draw] = useState(0);
  if (!reading || held.current.length === 0) held.current = items;
  const seen = held.current;
  return {
    items: seen,
    waiting:
      seen === items ? 0 : items.filter(({ id }) => !seen.some((item) => item.id === id)).length,
    show() {
      held.current = items;
      draw((n) => n + 1);
    },
  };
}

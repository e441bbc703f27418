import { useRef, useState } from 'preact/hooks';
import type { DeadLetterItem } from '../../../server/http/contract.ts';
import type { Selection } from '../api.ts';
import { count, plural } from '../format.ts';
import { useMedia, useReader } from '../hooks.ts';
import type { Model } from '../store.ts';
import { parameter, setParameters } from '../url.ts';
import { Button } from './button.tsx';
import { DeadLetter } from './dead-letter.tsx';
import { Icon } from './icon.tsx';
import type { LettersBrowser } from './letters-browser.tsx';

const NONE: readonly DeadLetterItem[] = [];

const VIEWS = [
  ['newest', 'Newest'],
  ['groups', 'By reason'],
  ['all', 'All'],
] as const;
type View = (typeof VIEWS)[number][0];

/** The dead letters: the newest as they come, by reason, or all of them. */
export function DeadLetters(props: {
  model: Model | null;
  /** What shows more than the newest; null until it is loaded. */
  Browser: typeof LettersBrowser | null;
  old: boolean;
  time: number | null;
  refused: string | null;
  onDetails: (id: string) => void;
  onRedrive: (selection: Selection, title: string) => void;
}) {
  const { model, Browser, ...rest } = props;
  const asked = VIEWS.find(([view]) => view === parameter('letters'))?.[0] ?? 'newest';
  const [view, setView] = useState<View>(asked);
  const { reading, handlers } = useReader<HTMLElement>();
  const { items, waiting, show } = useHeld(model, reading);
  const choose = (next: View) => {
    setView(next);
    setParameters({ letters: next === 'newest' ? null : next });
  };
  return (
    <section class="panel" id="dead-letters" aria-labelledby="dead-letters-title" {...handlers}>
      <div class="panel-title flex-wrap">
        <h2 id="dead-letters-title">
          Dead letters{' '}
          <span class="num font-normal text-muted">
            {model?.metrics ? count(model.metrics.balance.deadLettered) : ''}
          </span>
        </h2>
        {view === 'newest' && waiting !== null && (
          <Button onClick={show}>{waiting} new since you started reading · Show</Button>
        )}
        <span class="ml-auto flex gap-1">
          {VIEWS.map(([each, name]) => (
            <Button key={each} aria-pressed={each === view} onClick={() => choose(each)}>
              {name}
            </Button>
          ))}
        </span>
      </div>
      {view === 'newest' && (
        <Newest model={model} items={items} old={props.old} onDetails={props.onDetails} />
      )}
      {view !== 'newest' && Browser && <Browser {...rest} view={view} onView={choose} />}
    </section>
  );
}

function Newest(props: {
  model: Model | null;
  items: readonly DeadLetterItem[];
  old: boolean;
  onDetails: (id: string) => void;
}) {
  const { model, items, old, onDetails } = props;
  const few = useMedia('(width < 40rem)') ? 5 : 15;
  const [all, setAll] = useState(false);
  const today = new Date();
  return (
    <>
      {model?.metrics && items.length === 0 && !old && <NoDeadLetters model={model} />}
      {/* Keyed by place and letter: what changes is drawn anew, and nothing is seen to move. */}
      <ol>
        {(all ? items : items.slice(0, few)).map((item, place) => (
          <DeadLetter key={`${place} ${item.id}`} item={item} today={today} onDetails={onDetails} />
        ))}
      </ol>
      {items.length > few && (
        <div class="panel-foot">
          <span class="text-muted">the latest {count(items.length)}</span>
          <Button onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : `Show ${count(items.length)}`}
          </Button>
        </div>
      )}
    </>
  );
}

function NoDeadLetters({ model }: { model: Model }) {
  const balance = model.metrics?.balance;
  if (balance && balance.deadLettered > 0) {
    return (
      <p class="empty text-muted">
        {plural(balance.deadLettered, 'order')} became dead letters; their topic keeps none of them
        any more.
      </p>
    );
  }
  return (
    <div class="empty">
      <p class="flex items-center gap-2">
        <span class="text-ok">
          <Icon name="check" />
        </span>
        <strong>No dead letters.</strong>
      </p>
      {balance && balance.read > 0 && (
        <p class="mt-1 text-muted">Every order read so far was processed or is still waiting.</p>
      )}
    </div>
  );
}

type Held = {
  readonly items: readonly DeadLetterItem[];
  readonly epoch: number;
  readonly arrivals: number;
};

/** The list as it was when reading began, how many came since (null: none), and how to see them. */
function useHeld(model: Model | null, reading: boolean) {
  const latest: Held = {
    items: model?.deadLetters ?? NONE,
    epoch: model?.epoch ?? 0,
    arrivals: model?.arrivals ?? 0,
  };
  const held = useRef(latest);
  const [, draw] = useState(0);
  if (!reading || held.current.items.length === 0) held.current = latest;
  return {
    items: held.current.items,
    waiting: newSince(held.current, latest),
    show() {
      held.current = latest;
      draw((n) => n + 1);
    },
  };
}

/** Another process counts from its own start: of it only those are known that are in the list. */
function newSince(held: Held, latest: Held): string | null {
  if (held.epoch === latest.epoch) {
    return latest.arrivals > held.arrivals ? count(latest.arrivals - held.arrivals) : null;
  }
  const known = new Set(held.items.map(({ id }) => id));
  const unknown = latest.items.filter(({ id }) => !known.has(id)).length;
  return unknown === 0 ? null : `at least ${count(unknown)}`;
}

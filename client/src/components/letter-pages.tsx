import { useState } from 'preact/hooks';
import { fetchLetters, type LetterPage } from '../api.ts';
import { count } from '../format.ts';
import { useAnswer } from '../hooks.ts';
import { Button } from './button.tsx';
import { DeadLetter } from './dead-letter.tsx';
import type { Props } from './letters-browser.tsx';

/** Page after page of the letters of one reason and state; some of them can be chosen. */
export function Pages(props: Props & { group: string | null; state: string | null }) {
  const { group, state, refused, onDetails, onRedrive } = props;
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null]);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const before = cursors.at(-1) ?? null;
  const page = useAnswer(before ?? '', () => fetchLetters({ group, state }, before));
  if (page === null) return <p class="empty text-muted">Asking the server…</p>;
  if (page instanceof Error) return <p class="empty text-danger">No list: {page.message}.</p>;
  const choose = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return (
    <>
      {chosen.size > 0 && (
        <p class="letters-bar">
          <span class="num">{count(chosen.size)} selected</span>
          <Button
            class="ml-auto"
            refused={refused}
            onClick={() =>
              onRedrive({ ids: [...chosen] }, `Redrive ${count(chosen.size)} selected?`)
            }
          >
            Redrive selected
          </Button>
        </p>
      )}
      <ol>
        {page.items.map((item) => (
          <DeadLetter
            key={item.id}
            item={item}
            today={new Date()}
            state={item.state}
            chosen={chosen.has(item.id)}
            onChoose={() => choose(item.id)}
            onDetails={onDetails}
          />
        ))}
      </ol>
      {page.items.length === 0 && <p class="empty text-muted">No dead letter matches.</p>}
      <Turner page={page} cursors={cursors} onCursors={setCursors} />
    </>
  );
}

function Turner(props: {
  page: LetterPage;
  cursors: readonly (string | null)[];
  onCursors: (cursors: readonly (string | null)[]) => void;
}) {
  const { page, cursors, onCursors } = props;
  return (
    <nav class="panel-foot" aria-label="Pages of dead letters">
      <span class="num text-muted">
        page {count(cursors.length)}
        {` · ${count(page.matching)} match`}
        {page.older > 0 && ` · ${count(page.older)} older ones are not held`}
      </span>
      <Button disabled={cursors.length === 1} onClick={() => onCursors(cursors.slice(0, -1))}>
        Newer
      </Button>
      <Button disabled={page.next === null} onClick={() => onCursors([...cursors, page.next])}>
        Older
      </Button>
    </nav>
  );
}

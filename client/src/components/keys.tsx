import { useEffect, useRef, useState } from 'preact/hooks';
import { isForPage, keysAreOn, switchKeys } from '../keys.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';

/** What each does, in the order of use. */
const KEYS = [
  ['Space', 'hold the view, go on'],
  ['/', 'filter products'],
  ['d', 'to the dead letters'],
  ['j', 'next dead letter'],
  ['k', 'the one before'],
  ['x', 'select it'],
  ['Enter', 'its details'],
  ['r', 'redrive it'],
  ['t', 'theme'],
  ['?', 'these keys'],
] as const;

/** Listens to the keys that walk through the page, and shows which there are. `onRedrive` is given a letter's id. */
export function Keys({ onRedrive }: { onRedrive: (id: string) => void }) {
  const [shown, setShown] = useState(false);
  const redrive = useRef(onRedrive);
  redrive.current = onRedrive;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!isForPage(event)) return;
      const act = actOf(event.key, () => setShown(true), redrive.current);
      if (act === null) return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
  return (
    <>
      <Button onClick={() => setShown(true)}>Keys</Button>
      {shown && <KeysDialog onClose={() => setShown(false)} />}
    </>
  );
}

function actOf(key: string, help: () => void, redrive: (id: string) => void) {
  const find = (selector: string) => document.querySelector<HTMLElement>(selector);
  const row = document.activeElement?.closest<HTMLElement>('.letter');
  const acts: Record<string, () => void> = {
    '/': () => find('.filter')?.focus(),
    d: () => walk(0),
    j: () => walk(1),
    k: () => walk(-1),
    x: () => row?.querySelector('input')?.click(),
    r: () => row?.dataset.id && redrive(row.dataset.id),
    t: () => find('.theme')?.click(),
    '?': help,
  };
  return Object.hasOwn(acts, key) ? acts[key]! : null;
}

/** To the neighbour of the dead letter that has the focus; to the first when none has, or for 0. */
function walk(by: number) {
  const all = [...document.querySelectorAll<HTMLElement>('.letter-more')];
  const at = all.indexOf(document.activeElement as HTMLElement);
  const to = all[at < 0 || by === 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))];
  // What focus a script gives is visible, and so holds the list, only if it is asked for.
  to?.focus({ focusVisible: true } as FocusOptions);
}

function KeysDialog({ onClose }: { onClose: () => void }) {
  const [on, setOn] = useState(keysAreOn);
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label class="flex items-center gap-2">
        <input
          type="checkbox"
          class="check"
          checked={on}
          onChange={({ currentTarget }) => {
            switchKeys(currentTarget.checked);
            setOn(keysAreOn());
          }}
        />
        Keys are on
      </label>
    </Dialog>
  );
}

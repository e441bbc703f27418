import { useEffect, useRef, useState } from 'preact/hooks';
import { newsOf } from '../notice.ts';
import type { Model } from '../store.ts';
import { Button } from './button.tsx';

const APART = 60_000;

/** Tells of new dead letters while the page is out of sight, once it was asked to. */
export function Notify({ model }: { model: Model }) {
  const [state, setState] = useState<'off' | 'on' | 'refused'>('off');
  const { current: told } = useRef({ at: -APART, model });
  useEffect(() => {
    // What was seen on the page is no news.
    if (!document.hidden || state !== 'on') told.model = model;
    const words = newsOf(told.model, model);
    if (words === null || performance.now() - told.at < APART) return;
    told.at = performance.now();
    told.model = model;
    new Notification('Order stream', { body: words, tag: 'dead-letters' });
  }, [model.arrivals, model.epoch, state]);

  async function change() {
    if (state === 'on') return setState('off');
    // There is none on a page that came over plain http.
    const answer = 'Notification' in window && (await Notification.requestPermission());
    setState(answer === 'granted' ? 'on' : 'refused');
  }

  return (
    <Button aria-pressed={state === 'on'} onClick={change}>
      {state === 'refused' ? 'The browser allows no notifications' : 'Notify me of dead letters'}
    </Button>
  );
}

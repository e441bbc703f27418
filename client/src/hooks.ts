// The few things of the browser that components watch.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Model } from './store.ts';

/** Draws again every `ms`, for words that age. */
export function useTick(ms: number) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), ms);
    return () => clearInterval(timer);
  }, [ms]);
}

/** Whether a media query holds. */
export function useMedia(query: string): boolean {
  const [list] = useState(() => matchMedia(query));
  const [matches, setMatches] = useState(list.matches);
  useEffect(() => {
    const change = () => setMatches(list.matches);
    list.addEventListener('change', change);
    return () => list.removeEventListener('change', change);
  }, [list]);
  return matches;
}

/**
 * Whether somebody is reading inside an element: the pointer is over it, or the keyboard is in it.
 * A mouse click leaves focus behind for ever, so focus counts only where it is visible.
 */
export function useReader() {
  const [pointer, setPointer] = useState(false);
  const [keyboard, setKeyboard] = useState(false);
  const { current: handlers } = useRef({
    onPointerEnter: () => setPointer(true),
    onPointerLeave: () => setPointer(false),
    onFocusIn: (event: FocusEvent) =>
      setKeyboard((event.target as Element).matches(':focus-visible')),
    onFocusOut: () => setKeyboard(false),
  });
  return { reading: pointer || keyboard, handlers };
}

/** The user's hold on the view: the feed goes on, the numbers stand still until resumed. */
export function usePause(model: Model | null, onResume: () => void) {
  const [hold, setHold] = useState<{ model: Model | null } | null>(null);
  const toggle = () => {
    setHold(hold ? null : { model });
    if (hold) onResume();
  };
  const latest = useRef(toggle);
  latest.current = toggle;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
      const taken = (event.target as Element).closest('button, a, input, select, textarea');
      if (event.code !== 'Space' || event.repeat || !plain || taken) return;
      event.preventDefault();
      latest.current();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
  return { paused: hold !== null, held: hold?.model ?? null, toggle };
}

// The few things of the browser that components watch.
import { useEffect, useRef, useState } from 'preact/hooks';
import { isForPage } from './keys.ts';
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
 * Whether somebody is reading inside an element: the pointer is over it, the keyboard is in it, a finger
 * touched it last, or text in it is selected. A mouse click leaves focus behind for ever, so focus counts
 * only where it is visible; a finger leaves nothing behind, so a touch counts until one elsewhere.
 */
export function useReader<T extends HTMLElement>() {
  const ref = useRef<T>(null);
  const [signs, setSigns] = useState(NOBODY);
  useEffect(() => {
    const inside = (node: Node | null | undefined) => ref.current?.contains(node ?? null) ?? false;
    const touch = (event: PointerEvent) => {
      if (event.pointerType === 'mouse') return;
      const touched = inside(event.target as Node);
      setSigns((known) => ({ ...known, touched }));
    };
    const select = () => {
      const selection = getSelection();
      const selected = selection?.isCollapsed === false && inside(selection.anchorNode);
      setSigns((known) => (known.selected === selected ? known : { ...known, selected }));
    };
    document.addEventListener('pointerdown', touch);
    document.addEventListener('selectionchange', select);
    return () => {
      document.removeEventListener('pointerdown', touch);
      document.removeEventListener('selectionchange', select);
    };
  }, []);
  const { current: handlers } = useRef({
    ref,
    onPointerEnter: (event: PointerEvent) => {
      if (event.pointerType === 'mouse') setSigns((known) => ({ ...known, pointer: true }));
    },
    onPointerLeave: () => setSigns((known) => ({ ...known, pointer: false })),
    onFocusIn: (event: FocusEvent) => {
      const keyboard = (event.target as Element).matches(':focus-visible');
      setSigns((known) => ({ ...known, keyboard }));
    },
    onFocusOut: () => setSigns((known) => ({ ...known, keyboard: false })),
  });
  return { reading: Object.values(signs).some((sign) => sign), handlers };
}

const NOBODY = { pointer: false, keyboard: false, touched: false, selected: false };

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
      // On a button or a link it is for that one.
      const taken = event.shiftKey || (event.target as Element).closest('button, a');
      if (event.code !== 'Space' || taken || !isForPage(event)) return;
      event.preventDefault();
      latest.current();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
  return { paused: hold !== null, held: hold?.model ?? null, toggle };
}

/** A part of the page that is loaded once it is wanted; null until it is here. Failing, it is asked for again. */
export function useLazy<T>(load: () => Promise<T>, wanted = true): T | null {
  const [part, setPart] = useState<T | null>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (!wanted || part !== null) return;
    let timer: ReturnType<typeof setTimeout>;
    load().then(
      (loaded) => setPart(() => loaded),
      () => {
        timer = setTimeout(() => setTries(tries + 1), 5000);
      },
    );
    return () => clearTimeout(timer);
  }, [wanted, tries]);
  return part;
}

/** The answer about `key`, asked for once: null before it is here, an Error when there is none. */
export function useAnswer<T>(key: string, ask: (key: string) => Promise<T>): T | Error | null {
  const [answer, setAnswer] = useState<{ key: string; value: T | Error } | null>(null);
  useEffect(() => {
    let over = false;
    const settle = (value: T | Error) => over || setAnswer({ key, value });
    ask(key).then(settle, settle);
    return () => {
      over = true;
    };
  }, [key]);
  // The answer to an earlier question is none to this one.
  return answer?.key === key ? answer.value : null;
}

/** The answer to a question that is put again every `ms`, and at once when `key` changes. Null before the first. */
export function usePolled<T>(key: string, ms: number, ask: () => Promise<T>): T | null {
  const [answer, setAnswer] = useState<{ key: string; value: T } | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let over = false;
    const put = async () => {
      const value = document.hidden ? null : await ask().catch(() => null);
      if (over) return;
      if (value !== null) setAnswer({ key, value });
      timer = setTimeout(put, ms);
    };
    void put();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [key, ms]);
  return answer?.key === key ? answer.value : null;
}

import { useEffect } from 'preact/hooks';
import { Icon } from './icon.tsx';

const SHOWN_FOR = 8000;

/** One sentence above the page that goes by itself, or at a press. */
export function Toast({ text, onClose }: { text: string; onClose: () => void }) {
  useEffect(() => {
    const timer = setTimeout(onClose, SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <aside class="toast" aria-label="Message">
      <p>{text}</p>
      <button type="button" class="button" aria-label="Dismiss" onClick={onClose}>
        <Icon name="cross" />
      </button>
    </aside>
  );
}

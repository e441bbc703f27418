import { useEffect } from 'preact/hooks';
import type { Notice } from '../desk.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';

const SHOWN_FOR = 8000;

/** One sentence above the page that goes by itself, or at a press; with the press that takes it back. */
export function Toast({ notice, onClose }: { notice: Notice; onClose: () => void }) {
  useEffect(() => {
    const timer = setTimeout(onClose, SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [notice]);
  return (
    <aside class="toast" aria-label="Message">
      <p>{notice.text}</p>
      {notice.undo && <Button onClick={notice.undo}>Undo</Button>}
      <Button aria-label="Dismiss" onClick={onClose}>
        <Icon name="cross" />
      </Button>
    </aside>
  );
}

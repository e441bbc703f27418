import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

/** A command to run elsewhere, with a button that copies it. */
export function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <span class="command">
      <code>{text}</code>
      <button
        type="button"
        class="button"
        aria-label={copied ? 'Copied' : `Copy command ${text}`}
        onClick={() => copy(text).then(setCopied)}
      >
        <Icon name={copied ? 'check' : 'copy'} />
        <span class="w-[3.1rem] text-left">{copied ? 'Copied' : 'Copy'}</span>
      </button>
    </span>
  );
}

/** Browsers lend the clipboard to secure pages only; elsewhere the text is there to be selected. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

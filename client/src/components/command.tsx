import { useEffect, useRef, useState } from 'preact/hooks';
import { copy } from '../copy.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';

const SAYS = { idle: 'Copy', copied: 'Copied', selected: 'Press Ctrl+C' } as const;

/** A command to run elsewhere, with a button that copies it. */
export function Command({ text }: { text: string }) {
  const code = useRef<HTMLElement>(null);
  const [state, setState] = useState<keyof typeof SAYS>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), 3000);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <span class="command">
      <code ref={code}>{text}</code>
      <Button
        aria-label={state === 'idle' ? `Copy command ${text}` : SAYS[state]}
        onClick={async () => setState((await copy(text, code.current)) ? 'copied' : 'selected')}
      >
        <Icon name={state === 'copied' ? 'check' : 'copy'} />
        <span class="min-w-[3.1rem] text-left">{SAYS[state]}</span>
      </Button>
    </span>
  );
}

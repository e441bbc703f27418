import { useState } from 'preact/hooks';
import type { Advice } from '../advice.ts';
import { Button } from './button.tsx';
import { Command } from './command.tsx';
import { Icon } from './icon.tsx';
import { Name } from './name.tsx';

/** One line of fixed height that explains the state, so that no banner ever pushes the page. */
export function ContextLine({ advice, onAction }: { advice: Advice; onAction: () => void }) {
  const [open, setOpen] = useState(false);
  const { tone, icon, headline, text, all, command, action } = advice;
  const more = text !== '' || command !== null || action !== null;
  return (
    <section
      class="context"
      data-tone={tone}
      data-open={open && (more || all.length > 0)}
      data-all={all.length > 0}
      aria-label="Connection"
    >
      <div class="page context-row">
        {icon && <Icon name={icon} />}
        <p class="context-words">
          {headline && (
            <strong>
              <Name text={headline} />
            </strong>
          )}{' '}
          <span class="context-text num">{text}</span>
        </p>
        <div class="context-actions">
          {command && <Command text={command} />}
          {action && <Button onClick={onAction}>{action}</Button>}
        </div>
        {(all.length > 0 || (more && headline)) && (
          <Button class="context-more" aria-expanded={open} onClick={() => setOpen(!open)}>
            {command || action ? 'What to do' : 'Details'}
          </Button>
        )}
        {open && all.length > 0 && (
          <ul class="context-all">
            {all.map((words) => (
              <li key={words}>
                <Name text={words} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

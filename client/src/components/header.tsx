import type { Model } from '../store.ts';
import type { Condition } from '../trust.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import { Pill } from './pill.tsx';
import { ThemeButton } from './theme-button.tsx';

/** The sticky bar: what this is, whether it can be trusted, and the hold on it. */
export function Header(props: {
  model: Model | null;
  condition: Condition;
  detail: string;
  tooltip: string;
  advancedAt: number | null;
  onPause: () => void;
}) {
  const { model, condition, onPause, ...pill } = props;
  const paused = condition === 'frozen';
  return (
    <header class="bar">
      <div class="page flex h-full items-center gap-2 sm:gap-3">
        <h1 class="text-15 font-semibold max-sm:sr-only">Order stream</h1>
        <p class="min-w-0 truncate font-mono text-12 text-subtle max-lg:hidden">
          {model && `${model.status.topic} → ${model.status.group}`}
        </p>
        <div class="flex min-w-0 items-center gap-2 max-sm:flex-1 sm:ml-auto">
          <Pill condition={condition} {...pill} />
          <Button aria-keyshortcuts="Space" onClick={onPause}>
            <Icon name={paused ? 'play' : 'bars'} />
            <span class="max-sm:sr-only w-[3.4rem] text-left">{paused ? 'Resume' : 'Pause'}</span>
            <span class="kbd" aria-hidden="true">
              Space
            </span>
          </Button>
          <ThemeButton />
        </div>
      </div>
    </header>
  );
}

import { useState } from 'preact/hooks';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';

const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

/** Steps through the system's theme, light and dark; the choice outlives the page where it may. */
export function ThemeButton() {
  const [theme, setTheme] = useState(current);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
  const choose = () => {
    apply(next);
    setTheme(next);
  };
  const label = `Theme: ${theme}. Switch to ${next}`;
  return (
    <Button class="theme" aria-label={label} title={label} onClick={choose}>
      <Icon name={theme} />
      <span class="w-[3.1rem] text-left max-sm:hidden">
        {theme.charAt(0).toUpperCase() + theme.slice(1)}
      </span>
    </Button>
  );
}

function current(): Theme {
  return THEMES.find((theme) => theme === document.documentElement.dataset.theme) ?? 'system';
}

function apply(theme: Theme) {
  const { dataset } = document.documentElement;
  if (theme === 'system') delete dataset.theme;
  else dataset.theme = theme;
  try {
    if (theme === 'system') localStorage.removeItem('theme');
    else localStorage.setItem('theme', theme);
  } catch {
    // Storage can be forbidden; the choice then lasts as long as the page.
  }
}

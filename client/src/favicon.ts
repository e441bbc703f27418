// The tab as an instrument: a shape per state, drawn in code so that it needs no server to change.

const SHAPES = {
  hollow: '<circle cx="16" cy="16" r="11" fill="none" stroke="#7d828c" stroke-width="5"/>',
  filled: '<circle cx="16" cy="16" r="13" fill="#2a9d5c"/>',
  half: '<circle cx="16" cy="16" r="11.5" fill="none" stroke="#c08a1e" stroke-width="4"/><path d="M16 4a12 12 0 0 0 0 24z" fill="#c08a1e"/>',
  cross:
    '<path d="M7 7l18 18M25 7L7 25" stroke="#d9473f" stroke-width="6" stroke-linecap="round"/>',
  bars: '<path d="M10 5v22M22 5v22" stroke="#c08a1e" stroke-width="7" stroke-linecap="round"/>',
} as const;

/** Puts a shape into the tab. */
export function setFavicon(shape: keyof typeof SHAPES) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${SHAPES[shape]}</svg>`;
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  if (link) link.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

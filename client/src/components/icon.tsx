const PATHS = {
  ring: 'M8 2.5a5.5 5.5 0 1 0 5.5 5.5',
  dot: 'M8 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8',
  cycle: 'M13.5 8a5.5 5.5 0 0 1-10 3.2M2.5 8a5.5 5.5 0 0 1 10-3.2M12.8 1.8v3.2H9.6M3.2 14.2V11h3.2',
  triangle: 'M8 2.2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1',
  cross: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  bars: 'M5.5 3v10M10.5 3v10',
  play: 'M4.5 2.8v10.4L13 8z',
  check: 'M2.5 8.5l3.6 3.6 7.4-8',
  note: 'M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12M8 7.3v3.9M8 4.8v.1',
  system: 'M2 3h12v8H2zM5.5 13.8h5',
  light:
    'M8 5.2a2.8 2.8 0 1 0 0 5.6a2.8 2.8 0 1 0 0-5.6M8 1.2v1.4M8 13.4v1.4M1.2 8h1.4M13.4 8h1.4M3.2 3.2l1 1M11.8 11.8l1 1M12.8 3.2l-1 1M4.2 11.8l-1 1',
  dark: 'M13.5 9.6A5.9 5.9 0 0 1 6.4 2.5a5.9 5.9 0 1 0 7.1 7.1z',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
} as const;

export type IconName = keyof typeof PATHS;

/** One drawn glyph; always beside the word it stands for, so hidden from assistive technology. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" data-icon={name} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

import { useRef } from 'preact/hooks';
import { FACES } from '../faces.ts';
import type { Condition } from '../trust.ts';
import { Icon } from './icon.tsx';

const BEAT = 1000;

/** Says whether the numbers can be trusted: icon, word, and how old they are. */
export function Pill(props: {
  condition: Condition;
  detail: string;
  tooltip: string;
  advancedAt: number | null;
}) {
  const { word, tone, icon } = FACES[props.condition];
  const beat = useBeat(props.advancedAt);
  return (
    <p class="pill" data-tone={tone} data-beat={beat} title={props.tooltip || undefined}>
      <Icon name={icon} />
      <strong>{word}</strong>
      <span class="num">{props.detail}</span>
    </p>
  );
}

/** Alternates when the numbers advanced, at most once a second: each turn starts one pulse. */
function useBeat(advancedAt: number | null): 'even' | 'odd' {
  const last = useRef({ at: 0, odd: false });
  if (advancedAt !== null && advancedAt - last.current.at >= BEAT) {
    last.current = { at: advancedAt, odd: !last.current.odd };
  }
  return last.current.odd ? 'odd' : 'even';
}

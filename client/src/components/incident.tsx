import { useRef, useState } from 'preact/hooks';
import type { Advice } from '../advice.ts';
import { copy } from '../copy.ts';
import { incidentOf } from '../incident.ts';
import type { Model } from '../store.ts';
import { Button } from './button.tsx';

/** Copies the state of things for a chat; where that cannot be, it is there to be selected. */
export function Incident(props: { word: string; advice: Advice; model: Model }) {
  const { word, advice, model } = props;
  const place = useRef<HTMLPreElement>(null);
  const [said, setSaid] = useState('');
  return (
    <div class="page mt-4">
      <Button
        onClick={async () => {
          const text = incidentOf(word, advice, model, location.href);
          setSaid(text);
          if (await copy(text, place.current)) setSaid('Copied.');
        }}
      >
        Copy the state as Markdown
      </Button>
      <pre ref={place} role="status" class="mt-2 text-12 whitespace-pre-wrap">
        {said}
      </pre>
    </div>
  );
}

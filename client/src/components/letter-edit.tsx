import { useState } from 'preact/hooks';
import type { EditAnswer } from '../../../server/http/contract-commands.ts';
import type { LetterDetail } from '../../../server/http/contract-letters.ts';
import { redriveEdited } from '../api.ts';
import { Button } from './button.tsx';
import { Fault } from './fault.tsx';

/** The value as JSON, to be mended and sent; what would change is shown before. The original stays. */
export function LetterEdit(props: {
  letter: LetterDetail;
  onSent: (redriveId: string | null) => void;
}) {
  const { id, decoded } = props.letter;
  const fields = Object.fromEntries(decoded.fields.map(({ name, value }) => [name, value]));
  const [text, setText] = useState(() => JSON.stringify(fields, null, 2));
  const [checked, setChecked] = useState<{ text: string; answer: EditAnswer } | null>(null);
  const [fault, setFault] = useState('');
  const isChecked = checked?.text === text;
  async function run(dryRun: boolean) {
    setFault('');
    try {
      const answer = await redriveEdited(id, JSON.parse(text), 'edited on the page', dryRun);
      if (dryRun) setChecked({ text, answer });
      else props.onSent(answer.id);
    } catch (error) {
      setFault((error as Error).message);
    }
  }
  return (
    <details class="edit">
      <summary>Edit and redrive</summary>
      <textarea
        class="input"
        rows={6}
        aria-label="Value as JSON"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      {isChecked && (
        <ul class="num">
          {checked.answer.difference.map(({ field, before, after }) => (
            <li key={field}>
              {field}: {JSON.stringify(before ?? null)} → {JSON.stringify(after ?? null)}
            </li>
          ))}
          {checked.answer.difference.length === 0 && <li>Nothing is different.</li>}
        </ul>
      )}
      <Fault words={fault} />
      <p class="mt-2 flex gap-2">
        <Button onClick={() => run(true)}>Show the difference</Button>
        <Button disabled={!isChecked} onClick={() => run(false)}>
          Redrive the edited value
        </Button>
      </p>
    </details>
  );
}

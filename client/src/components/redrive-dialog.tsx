import { useEffect, useState } from 'preact/hooks';
import type { RedriveAnswer } from '../../../server/http/contract-commands.ts';
import { type How, redrive, type Selection } from '../api.ts';
import { count, plural } from '../format.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Fault } from './fault.tsx';

/** So many are sent only when their number is typed. */
const MANY = 100;
const CANARY = { count: 10, maxFailed: 0.1 };

/** What a redrive comes to, as the server counts it, how it is sent, and the word that sends it. */
export function RedriveDialog(props: {
  selection: Selection;
  title: string;
  topic: string;
  onClose: () => void;
  onSent: (redriveId: string | null) => void;
}) {
  const { selection, title, topic, onClose, onSent } = props;
  const [preview, setPreview] = useState<RedriveAnswer | null>(null);
  const [fault, setFault] = useState('');
  const [how, setHow] = useState<How>({ why: '', rate: 50, canary: null });
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    redrive(selection, how, true).then(setPreview, (error: Error) => setFault(error.message));
  }, []);
  const selected = preview?.selected ?? 0;
  const confirmed = selected <= MANY || typed === String(selected);
  async function send() {
    setBusy(true);
    setFault('');
    try {
      onSent((await redrive(selection, how, false)).id);
    } catch (error) {
      setFault((error as Error).message);
      setBusy(false);
    }
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <p>
        The same bytes go to topic “{topic}” again. If the cause is not mended they come back here.
        The handler may see an order a second time; it is counted once.
      </p>
      {preview === null && fault === '' && <p class="text-muted">Counting…</p>}
      {preview && <Numbers preview={preview} />}
      <div class="form">
        <label>
          Why
          <input
            class="input"
            maxLength={500}
            value={how.why}
            onInput={({ currentTarget }) => setHow({ ...how, why: currentTarget.value })}
          />
        </label>
        <label>
          Letters a second (empty: no limit)
          <input
            class="input"
            type="number"
            min={1}
            value={how.rate ?? ''}
            onInput={({ currentTarget }) =>
              setHow({ ...how, rate: Math.floor(Number(currentTarget.value)) || null })
            }
          />
        </label>
        <label class="flex items-center gap-2">
          <input
            type="checkbox"
            class="check"
            checked={how.canary !== null}
            onChange={() => setHow({ ...how, canary: how.canary ? null : CANARY })}
          />
          Send 10 first, and stop when more than 1 of them fails again
        </label>
        {selected > MANY && (
          <label>
            Type {selected} to confirm
            <input
              class="input"
              inputMode="numeric"
              value={typed}
              onInput={({ currentTarget }) => setTyped(currentTarget.value)}
            />
          </label>
        )}
      </div>
      <Fault words={fault} />
      <p class="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button class="primary" disabled={busy || selected === 0 || !confirmed} onClick={send}>
          Redrive {plural(selected, 'letter')}
        </Button>
      </p>
    </Dialog>
  );
}

function Numbers({ preview }: { preview: RedriveAnswer }) {
  const { selected, alreadyRedriven, parked, leftOut } = preview;
  return (
    <p class="num">
      <strong>{plural(selected, 'letter')} would be sent.</strong> Already redriven:{' '}
      {count(alreadyRedriven)}. Parked: {count(parked)}. Cannot be sent: {count(leftOut)}. Letters
      that come after this are not included.
    </p>
  );
}

import { useState } from 'preact/hooks';
import { setPaused } from '../api.ts';
import { plural } from '../format.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Fault } from './fault.tsx';

/** Stops or resumes taking orders, with the reason that everybody will read. */
export function PauseDialog(props: {
  pauses: boolean;
  partitions: number;
  onClose: () => void;
  onDone: (text: string) => void;
}) {
  const { pauses, partitions, onClose, onDone } = props;
  const [why, setWhy] = useState('');
  const [fault, setFault] = useState('');
  const word = pauses ? 'Pause' : 'Resume';
  return (
    <Dialog title={`${word} consumption?`} onClose={onClose}>
      <p>
        {pauses
          ? `All instances stop taking orders from ${plural(partitions, 'partition')}, until somebody resumes, restarts included. Retries that are due go on. Orders wait in Kafka.`
          : 'All instances take orders again.'}
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setPaused(pauses, why).then(
            () => onDone(pauses ? 'Consumption is being paused.' : 'Consumption resumes.'),
            (error: Error) => setFault(error.message),
          );
        }}
      >
        <label>
          Why
          <input
            class="input"
            required
            maxLength={500}
            value={why}
            onInput={({ currentTarget }) => setWhy(currentTarget.value)}
          />
        </label>
        <Fault words={fault} />
        <p class="mt-3 flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <button type="submit" class="button primary">
            {word}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

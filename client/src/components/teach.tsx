import { useState } from 'preact/hooks';
import { type Lesson, teach } from '../api.ts';
import { Button } from './button.tsx';

const LESSONS: readonly [lesson: Lesson, label: string, done: string][] = [
  ['samples', 'Send 20 sample orders', '20 orders were sent.'],
  ['bad', 'Send one bad order of each kind', 'Watch the dead letters.'],
  ['fail', 'Fail 30 % for 10 s', 'Watch the retries.'],
  ['stop', 'Stop the consumer for 5 s', 'Watch the lag.'],
];

/** Things to try on the embedded broker, and what to look for. */
export function Teach({ refused }: { refused: string | null }) {
  const [said, setSaid] = useState('');
  return (
    <div class="page mt-4 flex flex-wrap items-center gap-2">
      Try
      {LESSONS.map(([lesson, label, done]) => (
        <Button
          key={lesson}
          refused={refused}
          onClick={() =>
            teach(lesson).then(
              () => setSaid(done),
              (error: Error) => setSaid(`Not done: ${error.message}.`),
            )
          }
        >
          {label}
        </Button>
      ))}
      <span role="status" class="text-muted">
        {said}
      </span>
    </div>
  );
}

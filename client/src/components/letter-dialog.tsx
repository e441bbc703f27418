import { useRef, useState } from 'preact/hooks';
import type { LetterDetail, LetterLife } from '../../../server/http/contract-letters.ts';
import { fetchLetter } from '../api.ts';
import { copy } from '../copy.ts';
import { count, timeOfDay } from '../format.ts';
import { useAnswer } from '../hooks.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { LetterEdit } from './letter-edit.tsx';
import { Decoded, Headers, Raw } from './letter-value.tsx';
import { Name } from './name.tsx';

/** One dead letter in full: why, its value decoded and raw, its headers, and its other lives. */
export function LetterDialog(props: {
  id: string;
  refused: string | null;
  deadLetterTopic: string;
  onOpen: (id: string) => void;
  onFollow: (orderId: string) => void;
  onClose: () => void;
  onRedrive: (id: string) => void;
  onSent: (redriveId: string | null) => void;
}) {
  const { id, refused, onClose } = props;
  const letter = useAnswer(id, fetchLetter);
  const known = letter instanceof Error ? null : letter;
  return (
    <Dialog title={`Dead letter ${known?.orderId ?? id}`} onClose={onClose}>
      {letter === null && <p class="text-muted">Asking the server…</p>}
      {letter instanceof Error && (
        <p role="alert">
          Message {id}: {letter.message}.
        </p>
      )}
      {known && (
        <>
          <Why letter={known} />
          <p class="flex flex-wrap gap-2">
            <Button refused={refused} disabled={known.copy} onClick={() => props.onRedrive(id)}>
              Redrive to “{known.origin?.topic ?? 'its topic'}”
            </Button>
            {known.orderId !== null && (
              <Button onClick={() => props.onFollow(known.orderId ?? '')}>Follow the order</Button>
            )}
            <Copies letter={known} topic={props.deadLetterTopic} />
          </p>
          {refused !== null && <p class="text-muted">Redriving is off: {refused}.</p>}
          {known.copy && (
            <p class="text-muted">
              A second letter for the same order: only the first can be redriven.
            </p>
          )}
          <Decoded letter={known} />
          <Raw letter={known} />
          <Headers letter={known} />
          <Lives letter={known} onOpen={props.onOpen} />
          {refused === null && !known.copy && <LetterEdit letter={known} onSent={props.onSent} />}
        </>
      )}
    </Dialog>
  );
}

function Why({ letter }: { letter: LetterDetail }) {
  const { origin, id, attempts, state, timestamp, traceId } = letter;
  return (
    <div>
      <p class="break-words">
        <strong>
          <Name text={letter.reason} />
        </strong>
      </p>
      <p class="num text-muted">
        {timeOfDay(timestamp)} · {state ?? 'not indexed'} · dead letter {id}
        {origin && ` · ${origin.topic} ${origin.partition}-${origin.offset}`}
        {attempts !== null && ` · ${count(attempts)} attempt${attempts === 1 ? '' : 's'}`}
        {traceId !== undefined && ` · trace ${traceId}`}
      </p>
    </div>
  );
}

function Copies({ letter, topic }: { letter: LetterDetail; topic: string }) {
  const [said, setSaid] = useState('');
  const place = useRef<HTMLElement>(null);
  const [partition, offset] = letter.id.split('-');
  const texts = {
    'as JSON': JSON.stringify(letter, null, 2),
    'as curl': `curl ${location.origin}/dlq/${letter.id}`,
    'as kcat': `kcat -C -t ${topic} -p ${partition} -o ${offset} -c 1 -f '%h\\n%k\\n%s'`,
    link: `${location.origin}/?dlq=${letter.id}`,
  };
  return (
    <>
      {Object.entries(texts).map(([name, text]) => (
        <Button
          key={name}
          onClick={async () => {
            setSaid(text);
            const done = await copy(text, place.current);
            setSaid(done ? `Copied ${name}.` : text);
          }}
        >
          Copy {name}
        </Button>
      ))}
      <code ref={place} role="status" class="w-full break-all">
        {said}
      </code>
    </>
  );
}

function Lives(props: { letter: LetterDetail; onOpen: (id: string) => void }) {
  const { earlier, later } = props.letter;
  if (earlier.length + later.length === 0) return null;
  const life = ({ id, gone, timestamp, reason }: LetterLife, when: string) => (
    <li key={id}>
      {when} {timestamp === null ? '' : timeOfDay(timestamp)} {reason ?? ''}{' '}
      {gone ? (
        `${id}, which retention has taken`
      ) : (
        <Button onClick={() => props.onOpen(id)}>Open {id}</Button>
      )}
    </li>
  );
  return (
    <section>
      <h3>Other lives of this order</h3>
      <ol>
        {earlier.map((each) => life(each, 'Before:'))}
        {later.map((each) => life(each, 'After it was redriven:'))}
      </ol>
    </section>
  );
}

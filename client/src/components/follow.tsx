import type { OrderLife, OrderLives } from '../../../server/http/contract-lives.ts';
import { fetchLives } from '../api.ts';
import { count, dayUnlessToday, duration, plural, timeOfDay } from '../format.ts';
import { useAnswer } from '../hooks.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Name } from './name.tsx';

/** One order from its record to what became of it, life by life. */
export function Follow(props: {
  id: string;
  onOpen: (letter: string) => void;
  onClose: () => void;
}) {
  const { id, onOpen, onClose } = props;
  const found = useAnswer(id, fetchLives);
  return (
    <Dialog title={`Order ${id}`} onClose={onClose}>
      {found === null && <p class="text-muted">Looking through the topics…</p>}
      {found instanceof Error && <p role="alert">Not followed: {found.message}.</p>}
      {found && !(found instanceof Error) && (
        <>
          {found.lives.map((life) => (
            <Life key={`${life.partition}-${life.offset}`} life={life} onOpen={onOpen} />
          ))}
          {found.others.map(({ id: letter }) => (
            <p key={letter}>
              A dead letter that is none of this group names it:{' '}
              <Button onClick={() => onOpen(letter)}>Open {letter}</Button>
            </p>
          ))}
          <Looked found={found} />
        </>
      )}
    </Dialog>
  );
}

type Step = { readonly at: string | null; readonly words: string };

/** What happened in one life, in order; what is not known of it is not made up. */
function stepsOf({ record, redrive, fate, asOf, why, waiting, letter }: OrderLife): Step[] {
  const sent = redrive ? `Sent again by ${redrive.by}, time ${redrive.count}` : 'Produced';
  const attempts = letter?.attempts ?? waiting?.attempts ?? 0;
  const failed = letter?.firstFailedAt ?? waiting?.firstFailedAt ?? null;
  const tried = `${plural(attempts, 'attempt')} failed`;
  const reason = letter || waiting ? `: ${letter?.reason ?? waiting?.error}` : '';
  const note = why === null ? '' : ` (${why})`;
  const end = `${fate}${reason}${note}`;
  const next = waiting?.nextAttemptAt ?? null;
  return [
    { at: record?.timestamp ?? null, words: record ? sent : 'Its record is there no more' },
    ...(attempts > 0 ? [{ at: failed, words: tried }] : []),
    { at: letter?.timestamp ?? asOf, words: letter ? end : `${end}, as of this checkpoint` },
    ...(next === null ? [] : [{ at: next, words: 'To be tried again' }]),
  ];
}

function Life({ life, onOpen }: { life: OrderLife; onOpen: (letter: string) => void }) {
  const { partition, offset, letter, record } = life;
  const steps = stepsOf(life);
  return (
    <section>
      <h3>
        orders[{partition}] at offset {count(offset)}
      </h3>
      <ol class="steps num">
        {steps.map(({ at, words }, index) => (
          <li key={words}>
            <time dateTime={at ?? undefined} title={at ?? undefined}>
              {at === null ? count(null) : `${dayUnlessToday(at, new Date())} ${timeOfDay(at)}`}
            </time>
            <span class="text-muted">{since(steps[index - 1]?.at, at)}</span>
            <span>
              <Name text={words} />
            </span>
          </li>
        ))}
      </ol>
      {record && (
        <p class="text-muted">
          <Name
            text={record.decoded.fields.map(({ name, value }) => `${name} ${value}`).join(', ')}
          />
        </p>
      )}
      {letter && <Button onClick={() => onOpen(letter.id)}>Open dead letter {letter.id}</Button>}
    </section>
  );
}

/** `+3 s` after the step before; clocks of several machines may make it nothing. */
function since(before: string | null | undefined, at: string | null): string {
  const ms = Date.parse(at ?? '') - Date.parse(before ?? '');
  return ms > 0 ? `+${duration(ms)}` : '';
}

/** How far the search came: what was not looked at may hold more. */
function Looked({ found: { lives, looked } }: { found: OrderLives }) {
  const missing = looked.flatMap((each) => each.missing);
  return (
    <section class="text-muted">
      <p>
        {lives.length === 0 && <strong>No record with this id was found. </strong>}
        Looked through{' '}
        {looked
          .map(({ topic, read, total }) => `${count(read)} of ${count(total)} offsets of ${topic}`)
          .join(' and ')}
        .{missing.length > 0 && ' Not looked at, so there may be more:'}
      </p>
      <ul>
        {missing.map((words) => (
          <li key={words}>{words}</li>
        ))}
      </ul>
    </section>
  );
}

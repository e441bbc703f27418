import type { Advice } from '../advice.ts';
import type { Desk } from '../desk.ts';
import type { Model } from '../store.ts';
import { FollowForm } from './follow-form.tsx';
import { Incident } from './incident.tsx';
import { Keys } from './keys.tsx';
import { Notify } from './notify.tsx';
import { Partitions } from './partitions.tsx';
import { Redrives } from './redrives.tsx';
import { Schemas } from './schemas.tsx';
import { Teach } from './teach.tsx';
import { Token } from './token.tsx';

type BelowProps = {
  model: Model;
  time: number | null;
  refused: string | null;
  desk: Desk;
  advice: Advice;
  /** The state of the page, in a word. */
  word: string;
  onToken: () => void;
};

/** All that stands below the panels. */
export function Below({ model, time, refused, desk, advice, word, onToken }: BelowProps) {
  return (
    <>
      <Redrives redrives={model.redrives} refused={refused} />
      <Partitions
        model={model}
        time={time}
        refused={refused}
        onPause={(pauses) => desk.open({ kind: 'pause', pauses })}
      />
      {model.status.kafka.embedded && <Teach refused={refused} />}
      <Schemas />
      <div class="page mt-4 flex flex-wrap gap-2">
        <FollowForm onFollow={desk.follow} />
        <Notify model={model} />
        <Keys
          onRedrive={(id) =>
            refused === null &&
            desk.open({
              kind: 'redrive',
              selection: { ids: [id] },
              title: `Redrive message ${id}?`,
            })
          }
        />
      </div>
      <Incident word={word} advice={advice} model={model} />
      {model.writing.mode === 'token' && <Token onChange={onToken} />}
    </>
  );
}

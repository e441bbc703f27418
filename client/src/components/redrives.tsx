import { useState } from 'preact/hooks';
import type { RedriveShown } from '../../../server/http/contract-commands.ts';
import { cancelRedrive } from '../api.ts';
import { count, timeOfDay } from '../format.ts';
import { Button } from './button.tsx';
import { Fault } from './fault.tsx';
import { Name } from './name.tsx';

const ENDED = new Set(['done', 'cancelled', 'stopped']);

/** What was commanded, newest first, and what has become of it so far. */
export function Redrives({
  redrives,
  refused,
}: {
  redrives: readonly RedriveShown[];
  refused: string | null;
}) {
  const [fault, setFault] = useState('');
  if (redrives.length === 0) return null;
  return (
    <section class="page mt-4 sm:mt-6" aria-labelledby="redrives-title">
      <div class="panel">
        <h2 class="panel-title" id="redrives-title">
          Redrives
        </h2>
        <div class="px-4">
          <Fault words={fault} />
        </div>
        <ol>
          {redrives.map((each) => (
            <li key={each.id} class="redrive">
              <p class="num">
                <strong>
                  {each.state}
                  {each.edited ? ', edited' : ''}
                </strong>{' '}
                Sent {count(each.sent)} of {count(each.selected)} · {count(each.processed)}{' '}
                processed · {count(each.failedAgain)} failed again · {count(each.waiting)} waiting
              </p>
              <p class="text-muted">
                <time class="num" dateTime={each.at} title={each.at}>
                  {timeOfDay(each.at, false)}
                </time>{' '}
                by <Name text={each.by} />
                {each.why && (
                  <>
                    : <Name text={each.why} />
                  </>
                )}
                {each.reason && (
                  <>
                    {' '}
                    — <Name text={each.reason} />
                  </>
                )}
              </p>
              {!ENDED.has(each.state) && (
                <Button
                  refused={refused}
                  aria-label={`Cancel the redrive of ${timeOfDay(each.at, false)}`}
                  onClick={() =>
                    cancelRedrive(each.id).then(
                      () => setFault(''),
                      (error: Error) => setFault(`Not cancelled: ${error.message}.`),
                    )
                  }
                >
                  Cancel
                </Button>
              )}
            </li>
          ))}
        </ol>
      </div>
    </section>
  );
}

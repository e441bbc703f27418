import { useState } from 'preact/hooks';
import { fetchGroups, letterSearch, type Selection } from '../api.ts';
import { ago, count } from '../format.ts';
import { usePolled } from '../hooks.ts';
import { parameter, setParameters } from '../url.ts';
import { Button } from './button.tsx';
import { Pages } from './letter-pages.tsx';
import { Name } from './name.tsx';

const STATES = ['open', 'redriven', 'failed-again', 'parked'] as const;
const GROUPS_EVERY = 3000;

export type Props = {
  time: number | null;
  /** Why nothing can be sent; null when it can. */
  refused: string | null;
  onDetails: (id: string) => void;
  onRedrive: (selection: Selection, title: string) => void;
};

/** All dead letters: by reason, or page by page with a filter; what is looked at stands in the address. */
export function LettersBrowser(
  props: Props & { view: 'groups' | 'all'; onView: (view: 'all') => void },
) {
  const [group, setGroup] = useState(parameter('group'));
  const [state, setState] = useState(parameter('state'));
  const change = (next: { group: string | null; state: string | null }) => {
    setGroup(next.group);
    setState(next.state);
    setParameters(next);
  };
  if (props.view === 'groups') {
    return (
      <Groups
        {...props}
        onGroup={(chosen) => {
          change({ group: chosen, state: null });
          props.onView('all');
        }}
      />
    );
  }
  return (
    <>
      <div class="letters-bar">
        {group !== null && (
          <span class="min-w-0 break-words">
            <code>
              <Name text={group} />
            </code>{' '}
            <Button onClick={() => change({ group: null, state })}>All reasons</Button>
          </span>
        )}
        <label class="ml-auto">
          State{' '}
          <select
            class="select"
            value={state ?? ''}
            onChange={({ currentTarget }) => change({ group, state: currentTarget.value || null })}
          >
            <option value="">all</option>
            {STATES.map((each) => (
              <option key={each} value={each}>
                {each.replace('-', ' ')}
              </option>
            ))}
          </select>
        </label>
        <a class="button" href={`/dlq/export?${letterSearch({ group, state }, { format: 'csv' })}`}>
          CSV
        </a>
        <a
          class="button"
          href={`/dlq/export?${letterSearch({ group, state }, { format: 'jsonl' })}`}
        >
          JSON
        </a>
      </div>
      <Pages key={`${group} ${state}`} {...props} group={group} state={state} />
    </>
  );
}

function Groups({
  time,
  refused,
  onGroup,
  onRedrive,
}: Props & { onGroup: (group: string) => void }) {
  const found = usePolled('groups', GROUPS_EVERY, fetchGroups);
  if (found === null) return <p class="empty text-muted">Asking the server…</p>;
  return (
    <>
      <ul>
        {found.groups.map(
          ({ group, letters, open, redriven, failedAgain, parked, last, lastHour }) => (
            <li key={group} class="group">
              <p class="min-w-0 break-words">
                <Name text={group} />
              </p>
              <p class="num text-muted">
                {[
                  `${count(letters)} letters: ${count(open)} open`,
                  ...(redriven > 0 ? [`${count(redriven)} redriven`] : []),
                  ...(failedAgain > 0 ? [`${count(failedAgain)} failed again`] : []),
                  ...(parked > 0 ? [`${count(parked)} parked`] : []),
                ].join(', ')}
                {last !== null && time !== null && ` · last ${ago(time - Date.parse(last))}`}
              </p>
              <Bars counts={lastHour} />
              <p class="flex flex-wrap gap-2">
                <Button onClick={() => onGroup(group)}>Show letters</Button>
                <Button
                  refused={refused}
                  disabled={open === 0}
                  onClick={() => onRedrive({ filter: { group } }, `Redrive “${group}”?`)}
                >
                  Redrive {count(open)}
                </Button>
              </p>
            </li>
          ),
        )}
      </ul>
      {found.groups.length === 0 && <p class="empty text-muted">No dead letters.</p>}
      <p class="panel-foot text-muted">
        {count(found.total)} reasons, ids and numbers left out
        {found.ungrouped > 0 && `; ${count(found.ungrouped)} letters have no group`}
        {found.index.older > 0 && `; ${count(found.index.older)} older letters are not held`}
        {!found.index.complete &&
          `; still reading ${count(found.index.read)} of ${count(found.index.total)}`}
        {found.index.problems.map((words) => `; ${words}`)}
      </p>
    </>
  );
}

/** The last hour in steps of five minutes. */
function Bars({ counts }: { counts: readonly number[] }) {
  const most = Math.max(...counts, 1);
  const path = counts.map((many, at) => `M${8 * at + 4} 24v${(-24 * many) / most}`).join('');
  const words = `In the last hour, by five minutes: ${counts.join(', ')}`;
  return (
    <svg class="bars" viewBox="0 0 96 24" role="img" aria-label={words}>
      <title>{words}</title>
      <path d={path} />
    </svg>
  );
}

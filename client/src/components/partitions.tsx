import { useState } from 'preact/hooks';
import type { PartitionWork } from '../../../server/http/contract.ts';
import { balanceWords } from '../balance.ts';
import { ago, count, duration, UNKNOWN } from '../format.ts';
import { type PartitionRow, partitionRows } from '../partition-rows.ts';
import type { Model } from '../store.ts';
import { Button } from './button.tsx';
import { Name } from './name.tsx';

const FEW = 12;
const COLUMNS = [
  'Partition',
  'State',
  'Read up to',
  'Lag',
  'First unread',
  'Waiting',
  'Now',
  'Committed',
  'Owner',
] as const;

/** Where each partition stands, and where every order that was read has gone. `time`: the server's clock. */
export function Partitions(props: {
  model: Model;
  time: number | null;
  refused: string | null;
  onPause: (pauses: boolean) => void;
}) {
  const { model, time, refused, onPause } = props;
  const pauses = model.paused.length === 0;
  const [all, setAll] = useState(false);
  const rows = partitionRows(model);
  return (
    <section class="page mt-4 sm:mt-6" aria-labelledby="partitions-title">
      <div class="panel">
        <h2 class="panel-title" id="partitions-title">
          Partitions <span class="num text-muted">{rows.length > 0 ? count(rows.length) : ''}</span>
          <Button class="ml-auto font-medium" refused={refused} onClick={() => onPause(pauses)}>
            {pauses ? 'Pause consumption' : 'Resume consumption'}
          </Button>
        </h2>
        <Where model={model} />
        <table class="table partitions">
          <caption class="sr-only">Position, lag and state of every partition</caption>
          <thead>
            <tr>
              {COLUMNS.map((label) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(all ? rows : rows.slice(0, FEW)).map((row) => (
              <Row key={row.partition} row={row} time={time} />
            ))}
          </tbody>
        </table>
        {rows.length > FEW && (
          <div class="panel-foot">
            <span class="text-muted">{count(all ? rows.length : FEW)} shown</span>
            <Button onClick={() => setAll(!all)}>
              {all ? 'Show fewer' : `Show all ${count(rows.length)}`}
            </Button>
          </div>
        )}
      </div>
    </section>
  );
}

function Row({ row, time }: { row: PartitionRow; time: number | null }) {
  const since = (iso: string | null) =>
    iso === null || time === null ? null : time - Date.parse(iso);
  const unread = since(row.firstUnread?.since ?? null);
  const commit = since(row.committedAt);
  const { work, owner, firstUnread } = row;
  const cells = [
    `${count(row.nextOffset)} of ${count(row.endOffset)}`,
    count(row.lag),
    unread === null ? UNKNOWN : `${firstUnread?.orBefore ? 'over ' : ''}${duration(unread)}`,
    count(row.pending),
    work === null || time === null ? UNKNOWN : doing(work, time),
    commit === null ? UNKNOWN : ago(commit),
  ];
  return (
    <tr>
      <th scope="row" class="num" data-label={COLUMNS[0]}>
        {row.partition}
      </th>
      <td data-label={COLUMNS[1]} data-tone={row.tone}>
        {row.state}
      </td>
      {cells.map((cell, index) => (
        <td key={index} data-label={COLUMNS[index + 2]} class="num">
          {cell}
        </td>
      ))}
      <td data-label={COLUMNS[8]} class="truncate" title={owner ?? undefined}>
        {owner === null ? UNKNOWN : <Name text={owner} />}
      </td>
    </tr>
  );
}

/** `2 in the handler, 3 to be retried, oldest 12 s`. */
function doing({ inFlight, retrying, givenUp, oldest }: PartitionWork, time: number): string {
  const parts = [
    [inFlight, 'in the handler'],
    [retrying, 'to be retried'],
    [givenUp, 'given up'],
  ] as const;
  const words = parts.filter(([many]) => many > 0).map(([many, what]) => `${count(many)} ${what}`);
  if (oldest !== null) words.push(`oldest ${duration(Math.max(0, time - Date.parse(oldest)))}`);
  return words.join(', ') || 'nothing';
}

/** Where every order is: the two sides are equal at every moment. */
function Where({ model }: { model: Model }) {
  const balance = model.metrics?.balance;
  if (!balance) return null;
  const { line, words } = balanceWords(balance);
  return (
    <p class="balance num">
      <strong>{line}</strong> {words}
    </p>
  );
}

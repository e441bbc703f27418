// Answers about dead letters as people read them on a terminal.
import { table } from '../config/setting.ts';
import type { PausedShown, RedriveAnswer, RedriveShown } from '../http/contract-commands.ts';
import type { LetterDetail, LetterGroups, LetterItem } from '../http/contract-letters.ts';

const number = new Intl.NumberFormat('en');
/** Characters of a text in a table. */
const MAX_CELL = 70;

/** On a terminal a control character could do anything. */
function cell(text: string): string {
  const plain = text.replaceAll(/\p{C}/gu, '?');
  return plain.length > MAX_CELL ? `${plain.slice(0, MAX_CELL - 1)}…` : plain;
}

export function listWords(items: readonly LetterItem[], reach: string | null): string {
  if (items.length === 0) return 'no dead letters';
  const rows = items.map(({ id, timestamp, state, orderId, reason }) =>
    [id, timestamp, state ?? '?', orderId ?? '-', reason].map(cell),
  );
  const lines = table([['id', 'given up at', 'state', 'order', 'reason'], ...rows]);
  const matching = /matching=(\d+)/.exec(reach ?? '')?.[1];
  const more = matching === undefined ? '' : `\n${items.length} of ${number.format(+matching)}`;
  return `${lines}${more}`;
}

export function groupsWords({ groups, total, ungrouped, index }: LetterGroups): string {
  if (groups.length === 0) return 'no dead letters';
  const rows = groups.map((each) => [
    ...[each.letters, each.open, each.redriven, each.failedAgain, each.parked].map((n) =>
      number.format(n),
    ),
    cell(each.group),
  ]);
  const head = ['letters', 'open', 'redriven', 'failed again', 'parked', 'group'];
  const notes = [
    groups.length < total ? `${groups.length} of ${total} groups` : null,
    ungrouped > 0 ? `${number.format(ungrouped)} letters of too many other groups` : null,
    index.older > 0 ? `${number.format(index.older)} older letters are not counted` : null,
    index.complete ? null : `read so far: ${index.read} of ${index.total} offsets`,
    ...index.problems,
  ].filter((each) => each !== null);
  return [table([head, ...rows]), ...notes].join('\n');
}

export function letterWords(letter: LetterDetail): string {
  const { decoded, value, key, origin } = letter;
  const fields = decoded.fields.map(({ name, value }) => [name, cell(JSON.stringify(value))]);
  const stopped = decoded.stoppedAt === null ? '' : `, stopped at byte ${decoded.stoppedAt}`;
  const headers = letter.headers.map(({ name, value }) => [
    cell(name.text ?? `base64 ${name.base64}`),
    cell(value === null ? 'null' : (value.text ?? `base64 ${value.base64}`)),
  ]);
  const life = (each: LetterDetail['later'][number]) =>
    `${each.id}${each.redrive === null ? '' : ` by redrive ${each.redrive.id} of ${each.redrive.by}`}`;
  const rows = [
    ['letter', `${letter.id}, ${letter.state ?? 'not indexed'}${letter.copy ? ', a copy' : ''}`],
    ['order', cell(letter.orderId ?? '-')],
    ['reason', letter.reason.replaceAll(/\p{C}/gu, '?')],
    ['given up', `${letter.timestamp}, attempts ${letter.attempts ?? '?'}`],
    ['from', origin === null ? '-' : `${origin.topic}[${origin.partition}] ${origin.offset}`],
    ['key', key === null ? 'null' : cell(key.text ?? `base64 ${key.base64}`)],
    ['value', value === null ? 'null' : `${value.bytes} bytes${stopped}`],
    ['lives', [...letter.earlier.map(life), letter.id, ...letter.later.map(life)].join(' → ')],
  ];
  const parts = [table(rows)];
  if (fields.length > 0) parts.push(`${decoded.schema}:\n${table(fields)}`);
  if (headers.length > 0) parts.push(`headers:\n${table(headers)}`);
  return parts.join('\n\n');
}

export function previewWords({
  selected,
  alreadyRedriven,
  parked,
  leftOut,
}: RedriveAnswer): string {
  const rest = [
    alreadyRedriven > 0 ? `${number.format(alreadyRedriven)} redriven already` : null,
    parked > 0
      ? `${number.format(parked)} parked (redriven too often; name them to send them)`
      : null,
    leftOut > 0 ? `${number.format(leftOut)} that cannot be sent` : null,
  ].filter((each) => each !== null);
  const letters = selected === 1 ? 'dead letter' : 'dead letters';
  return `${number.format(selected)} ${letters}${rest.map((each) => `; ${each}`).join('')}`;
}

/** `11 processed, 1 failed again`. */
export function outcomeWords(redrive: RedriveShown): string {
  const { state, sent, selected, processed, failedAgain, waiting, reason } = redrive;
  const counts = [
    `${number.format(processed)} processed`,
    failedAgain > 0 ? `${number.format(failedAgain)} failed again` : null,
    waiting > 0 ? `${number.format(waiting)} waiting` : null,
    sent < selected ? `${number.format(selected - sent)} not sent` : null,
  ].filter((each) => each !== null);
  const why = reason === null ? '' : ` (${cell(reason)})`;
  return `${state}${why}: ${counts.join(', ')}`;
}

export function historyWords(redrives: readonly RedriveShown[]): string {
  if (redrives.length === 0) return 'no redrives';
  const rows = redrives.map((each) =>
    [each.id, each.at, each.by, outcomeWords(each), each.why].map(cell),
  );
  return table([['redrive', 'at', 'by', 'outcome', 'why'], ...rows]);
}

export function pausedWords(changed: readonly number[], paused: readonly PausedShown[]): string {
  const rows = paused.map(({ partition, at, by, why }) =>
    [String(partition), at, by, why].map(cell),
  );
  const now = rows.length === 0 ? 'no partition is paused' : `paused:\n${table(rows)}`;
  return `changed: ${changed.length === 0 ? 'nothing' : changed.join(', ')}\n${now}`;
}

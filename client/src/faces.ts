// How each condition is shown: never by colour alone, always by icon and word.
import type { Condition } from './trust.ts';

interface Face {
  readonly word: string;
  readonly tone: 'ok' | 'warn' | 'danger' | 'quiet';
  readonly icon: 'ring' | 'dot' | 'cycle' | 'triangle' | 'cross' | 'bars';
  readonly favicon: 'hollow' | 'filled' | 'half' | 'cross' | 'bars';
  /** Before the title of the tab. */
  readonly mark: string;
  /** What is spoken where nothing is to be named. */
  readonly announcement: string;
}

const face = (
  word: string,
  tone: Face['tone'],
  icon: Face['icon'],
  favicon: Face['favicon'],
  mark: string,
  announcement = '',
): Face => ({ word, tone, icon, favicon, mark, announcement });

/** Every condition's face; `frozen` is the user's own hold on the view, `held` consumption on hold. */
export const FACES: Record<Condition, Face> = {
  frozen: face('Paused', 'quiet', 'bars', 'hollow', '❚❚ ', 'Updates paused.'),
  connecting: face('Connecting', 'quiet', 'ring', 'hollow', '', 'Still connecting.'),
  disconnected: face('Disconnected', 'danger', 'cross', 'cross', '⚠ '),
  offline: face('Offline', 'danger', 'cross', 'cross', '⚠ '),
  stale: face(
    'Stale',
    'warn',
    'triangle',
    'hollow',
    '⚠ ',
    'Data is stale. No update for more than 5 seconds.',
  ),
  'kafka-down': face('Kafka down', 'danger', 'cross', 'cross', '✕ ', 'Kafka is unreachable.'),
  stopped: face('Stopped', 'danger', 'cross', 'cross', '✕ '),
  'not-ready': face('Not ready', 'warn', 'triangle', 'cross', '▲ '),
  held: face('Consumption paused', 'warn', 'bars', 'bars', '❚❚ ', 'Consumption is paused.'),
  polling: face(
    'Polling every 1 s',
    'warn',
    'cycle',
    'half',
    '',
    'Updating by polling every second.',
  ),
  live: face('Live', 'ok', 'dot', 'filled', ''),
};

// The command line of `npm run skip`, read as a whole: every fault is reported at once.
import { parseArgs } from 'node:util';
import { ConfigError, describe } from '../errors.ts';

export type SkipOptions = {
  readonly partition: number;
  readonly offset: number;
  /** Where the next batch begins; null: the header of the damaged one says it. */
  readonly to: number | null;
  /** Why; null: only show what would happen. */
  readonly reason: string | null;
};

export const usage = `Skips the damaged batch at which a partition of orders has stopped. Its offsets are booked as lost;
orders that wait go on waiting. Without --yes it only shows what it would do.

  npm run skip -- --partition P --offset N [--yes --reason TEXT]

  --partition P   the partition that has stopped
  --offset N      the offset at which it stands, as /health/ready and the log say it
  --to M          where the next batch begins, if the damaged one does not tell
  --yes           do it
  --reason TEXT   why, for the log; needed with --yes
  --help

The service's variables count here too: KAFKA_BROKERS (localhost:9092), KAFKA_SSL and so on, ORDERS_TOPIC,
DLQ_TOPIC, CHECKPOINT_TOPIC, GROUP_ID.
`;

const options = {
  partition: { type: 'string' },
  offset: { type: 'string' },
  to: { type: 'string' },
  yes: { type: 'boolean' },
  reason: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** Reads the arguments after `--`; 'help' when that was asked for; throws a ConfigError with every fault. */
export function parseSkipOptions(args: readonly string[]): SkipOptions | 'help' {
  const given = parse(args);
  if (given.help === true) return 'help';
  const faults: string[] = [];
  const place = (name: 'partition' | 'offset' | 'to') => {
    const text = given[name];
    const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value)) return value;
    if (text === undefined) faults.push(`--${name} is missing`);
    else faults.push(`--${name} is a whole number from 0, not "${text}"`);
    return 0;
  };
  const partition = place('partition');
  const offset = place('offset');
  const to = given.to === undefined ? null : place('to');
  const reason = given.reason?.trim() ?? '';
  if (given.yes === true && reason === '') faults.push('--yes needs a --reason');
  if (faults.length > 0) throw new ConfigError(faults);
  return { partition, offset, to, reason: given.yes === true ? reason : null };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new ConfigError([describe(error)]);
  }
}

// The command line of the service itself: it takes its settings from the environment, and says so.
import { readFileSync } from 'node:fs';
import { table } from '../config/setting.ts';
import { settingRows } from '../config.ts';
import { ConfigError } from '../errors.ts';
import { readArguments } from './arguments.ts';
import { projectRoot } from './project-root.ts';

/** Version and all settings, as `--help` tells them. */
export function startUsage(): string {
  const rows = settingRows.map(({ name, default: byDefault, meaning }) => [
    name,
    `${meaning}${byDefault === '' ? '' : ` (${byDefault})`}`,
  ]);
  return `order-stream ${version()}: consumer and dashboard

  npm start                    builds what is not built, and starts
  node dist/server/main.js     starts what is built
    --help, -h
    --version
    --print-config             the settings in force, without secrets

Settings are environment variables (defaults in parentheses), or lines NAME=value of the file .env
beside package.json; the environment wins, and an empty variable is unset:

${table(rows)}

With NODE_ENV=production no embedded broker is started: KAFKA_BROKERS has to name a Kafka.
`;
}

/** What the arguments ask for. Throws a ConfigError for what is none: it would be ignored. */
export function readStartOptions(
  args: readonly string[],
): 'start' | 'help' | 'version' | 'print-config' {
  const { texts, faults } = readArguments(args, {
    version: { type: 'boolean' },
    'print-config': { type: 'boolean' },
  });
  if (texts.has('help')) return 'help';
  if (faults.length > 0) {
    throw new ConfigError([...faults, 'settings are environment variables: PORT=4001 npm start']);
  }
  if (texts.has('print-config')) return 'print-config';
  return texts.has('version') ? 'version' : 'start';
}

export function version(): string {
  const description = readFileSync(new URL('package.json', projectRoot), 'utf8');
  return (JSON.parse(description) as { version: string }).version;
}

// The commands that the page gives: such as work for the way in which this server was started.
import { type Config, settingRows } from '../config.ts';

/** What started this process. */
export type Launcher = 'npm' | 'docker' | 'node';

export type Hints = { readonly start: string; readonly produce: string; readonly kafka: string };

/** Where Kafka is when nobody names one. */
const USUAL_BROKER = /^(localhost|127\.0\.0\.1|\[::1\]):9092$/;

/** A container's environment names it; npm names the script that it runs. */
export function launcherOf(env: Readonly<Record<string, string | undefined>>): Launcher {
  if (env.LAUNCHER === 'docker') return 'docker';
  return env.npm_lifecycle_event === undefined ? 'node' : 'npm';
}

/**
 * How to start this server again with its settings, how to send orders to where it reads, and how to
 * start its Kafka. Empty where nobody here can know: what runs in a container is started from outside.
 */
export function hintsOf(of: {
  config: Config;
  brokers: readonly string[];
  embedded: boolean;
  launcher: Launcher;
}): Hints {
  const { config, brokers, embedded, launcher } = of;
  const usual = brokers.length === 1 && USUAL_BROKER.test(brokers[0]!);
  return {
    start: startCommand(config, launcher),
    produce: produceCommand(config, launcher, usual ? null : brokers.join(',')),
    kafka: embedded
      ? `KAFKA_BROKERS=host:port ${launcher === 'npm' ? 'npm start' : 'node dist/server/main.js'}`
      : usual && launcher !== 'docker'
        ? 'docker compose up -d kafka'
        : '',
  };
}

function startCommand(config: Config, launcher: Launcher): string {
  if (launcher === 'docker') return '';
  const changed = settingRows
    .map(({ name, default: byDefault }) => ({ name, byDefault, value: textOf(config, name) }))
    .filter(({ name, byDefault, value }) => {
      const implicit = byDefault.replaceAll(', ', ',') || implied(config, name);
      return value !== '' && value !== implicit && !isSecret(name);
    });
  const settings = changed.map(({ name, value }) => `${name}=${quoted(value)} `).join('');
  return `${settings}${launcher === 'npm' ? 'npm start' : 'node dist/server/main.js'}`;
}

/** What nobody may read on the page; no address has a password in it. */
function isSecret(name: string): boolean {
  return /PASSWORD|TOKEN|SECRET/.test(name);
}

/** What a setting without a default of its own is when it is not set. */
function implied(config: Config, name: string): string {
  if (name === 'CHECKPOINT_TOPIC') return `${config.GROUP_ID}-checkpoints`;
  return name === 'COMMAND_TOPIC' ? `${config.GROUP_ID}-commands` : '';
}

function textOf(config: Config, name: string): string {
  const value = config[name as keyof Config];
  return Array.isArray(value) ? value.join(',') : `${value ?? ''}`;
}

/** `brokers` is null where the producer finds them by itself. */
function produceCommand(config: Config, launcher: Launcher, brokers: string | null): string {
  const topic = config.ORDERS_TOPIC === 'orders' ? '' : ` --topic ${config.ORDERS_TOPIC}`;
  const options = `--rate 5${brokers === null ? '' : ` --brokers ${brokers}`}${topic}`;
  if (launcher === 'npm') return `npm run produce -- ${options}`;
  const command = `node dist/server/cli/produce.js ${options}`;
  return launcher === 'docker' ? `docker exec -it CONTAINER ${command}` : command;
}

/** For a POSIX shell. */
function quoted(value: string): string {
  return /^[\w.,:/@%+-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

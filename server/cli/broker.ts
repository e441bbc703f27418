// `npm run broker`: the embedded broker alone, until it is told to stop.
import { parseArgs } from 'node:util';
import { startDevBroker } from '../dev-broker/broker.ts';
import { ConfigError, describe } from '../errors.ts';
import { DEFAULT_DIRECTORY, DEFAULT_PARTITIONS, DEFAULT_PORT } from './broker-choice.ts';

const usage = `Runs the embedded broker: Kafka's protocol on this machine, for development.

  npm run broker -- [options]

  --port N     where it listens on localhost (${DEFAULT_PORT})
  --data DIR   where it keeps its data (${DEFAULT_DIRECTORY})
  --memory     keeps nothing
  --help

What is acknowledged is in its file, and stays when the process is killed; the disk is told to keep
it once a second, which is what a power cut can cost. A topic that a record makes has ${DEFAULT_PARTITIONS} partitions.
`;

const say = (message: string, fields: Record<string, unknown> = {}) =>
  console.log([message, ...Object.values(fields)].join(', '));
const logger = { debug: () => {}, info: say, warn: say, error: say };

try {
  await main();
} catch (error) {
  console.error(describe(error));
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}

async function main(): Promise<void> {
  const { help, ...options } = readOptions();
  if (help) return say(usage);
  const environment = process.env.NODE_ENV;
  const partitions = DEFAULT_PARTITIONS;
  const broker = await startDevBroker({ ...options, partitions, environment, logger });
  say('Ctrl-C stops it');
  // `on`, not `once`: npm hands a Ctrl-C on that the terminal has sent already.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => void broker.close());
}

function readOptions() {
  const options = {
    port: { type: 'string', default: String(DEFAULT_PORT) },
    data: { type: 'string' },
    memory: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const;
  try {
    const { port, data, memory, help } = parseArgs({ options }).values;
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Error('--port is no port');
    if (data === '') throw new Error('--data needs a folder');
    if (memory && data !== undefined) throw new Error('--memory and --data exclude each other');
    return { help, port: Number(port), directory: memory ? null : (data ?? DEFAULT_DIRECTORY) };
  } catch (error) {
    throw new ConfigError([describe(error)]);
  }
}

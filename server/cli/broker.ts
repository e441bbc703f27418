// `npm run broker`: the embedded broker alone, until it is told to stop.
import { loadConfig } from '../config.ts';
import { BrokerError } from '../dev-broker/broker-error.ts';
import { ConfigError } from '../errors.ts';
import { DEFAULT_PORT } from '../service/broker-choice.ts';
import { portTaken, startEmbeddedBroker } from '../service/embedded-broker.ts';
import { readArguments } from './arguments.ts';
import { environment } from './environment.ts';
import { atCtrlC, inForeground, portIn } from './foreground.ts';
import { inProject } from './project-root.ts';

const usage = `Runs the embedded broker: Kafka's protocol on this machine, for development.

  npm run broker -- [options]

  --port N     where it listens on localhost (${DEFAULT_PORT})
  --data DIR   where it keeps its data (BROKER_DATA, else data/broker in this project)
  --memory     keeps nothing (BROKER_MEMORY)
  --help, -h

What is acknowledged is in its file, and stays when the process is killed; the disk is told to keep
it once a second, which is what a power cut can cost. A topic that a record makes has PARTITIONS partitions.
`;

const say = (message: string, fields: Record<string, unknown> = {}) =>
  console.log([message, ...Object.values(fields)].join(', '));
const logger = { debug: () => {}, info: say, warn: say, error: say };

await inForeground(main);

async function main(): Promise<void> {
  const options = readOptions();
  if (options === 'help') return say(usage);
  const { NODE_ENV } = environment();
  const broker = await startEmbeddedBroker({ ...options, environment: NODE_ENV, logger }).catch(
    async (error: unknown) => {
      const isTaken = error instanceof BrokerError && error.code === 'PORT_IN_USE';
      throw isTaken ? new Error(await portTaken(options.port), { cause: error }) : error;
    },
  );
  say('Ctrl-C stops it');
  atCtrlC(() => void broker.close());
}

function readOptions(): 'help' | { port: number; partitions: number; directory: string | null } {
  const { texts, faults } = readArguments(process.argv.slice(2), {
    port: { type: 'string' },
    data: { type: 'string' },
    memory: { type: 'boolean' },
  });
  if (texts.has('help')) return 'help';
  const data = texts.get('data');
  const memory = texts.has('memory');
  const wrong = [...faults];
  const port = portIn(texts.get('port') ?? `${DEFAULT_PORT}`, 0, 65_535, wrong);
  if (memory && data !== undefined) wrong.push('--memory and --data exclude each other');
  if (wrong.length > 0) throw new ConfigError(wrong);
  const { BROKER_DATA, BROKER_MEMORY, PARTITIONS } = loadConfig(environment());
  const keepsNothing = memory || (BROKER_MEMORY && data === undefined);
  const directory = keepsNothing ? null : inProject(data ?? BROKER_DATA);
  return { port, partitions: PARTITIONS, directory };
}

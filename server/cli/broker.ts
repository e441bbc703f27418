// `npm run broker`: the embedded broker alone, until it is told to stop.
import { parseArgs } from 'node:util';
import { startDevBroker } from '../dev-broker/broker.ts';
import { BrokerError } from '../dev-broker/broker-error.ts';
import { DEFAULT_DIRECTORY, DEFAULT_PORT } from './broker-choice.ts';

const usage = `Runs the embedded broker, which speaks Kafka's protocol on this machine, for development.

usage: npm run broker -- [options]

  --data DIR   keep everything in this folder (${DEFAULT_DIRECTORY})
  --memory     keep nothing
  --port N     listen on this port of 127.0.0.1 and ::1 (${DEFAULT_PORT})
  --help       show this text
`;

function readOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      data: { type: 'string' },
      memory: { type: 'boolean', default: false },
      port: { type: 'string', default: String(DEFAULT_PORT) },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port > 65535) throw new Error('--port is not a port');
  if (values.data === '') throw new Error('--data needs a folder');
  if (values.memory && values.data !== undefined) throw new Error('either --memory or --data');
  return {
    help: values.help,
    port,
    directory: values.memory ? null : (values.data ?? DEFAULT_DIRECTORY),
  };
}

const line = (level: string) => (message: string, fields?: object) =>
  console.log(`${level} ${message}`, ...(fields ? [JSON.stringify(fields)] : []));

const logger = { debug: () => {}, info: line('info'), warn: line('warn'), error: line('error') };

async function main(): Promise<void> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  if (options.help) {
    console.log(usage);
    return;
  }
  try {
    const { port, directory } = options;
    const environment = process.env.NODE_ENV;
    const broker = await startDevBroker({ port, directory, environment, logger });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, broker.close);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

await main();

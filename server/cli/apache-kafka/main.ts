// `npm run kafka`: Apache Kafka on localhost:9092 in the foreground, without Docker.
import { parseArgs } from 'node:util';
import { ConfigError, describe } from '../../errors.ts';
import { startKafka } from './broker.ts';
import { prepareKafka } from './installation.ts';

const usage = `Starts Apache Kafka in the foreground; needs Java 17 and Maven, but not Docker.

  npm run kafka -- [options]

  --port N          where it listens on localhost (9092); its controller takes the next port
  --directory PATH  where it keeps its data (data/kafka)
  --prepare         only fetch what it needs
  --help
`;

const say = (line: string) => console.log(line);

try {
  await main();
} catch (error) {
  console.error(describe(error));
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}

async function main(): Promise<void> {
  const { help, prepare, port, directory } = readOptions();
  if (help) return say(usage);
  await prepareKafka({ log: say });
  if (prepare) return;

  const stop = new AbortController();
  // `on`, not `once`: npm hands a Ctrl-C on that the terminal has sent already.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  const ports = { port, controllerPort: port + 1 };
  const kafka = await startKafka({ ...ports, directory, onLine: say, signal: stop.signal });
  say(`Apache Kafka listens on ${kafka.brokers}, data in ${directory}; Ctrl-C stops it`);
  await kafka.exited;
}

function readOptions() {
  const options = {
    port: { type: 'string', default: '9092' },
    directory: { type: 'string', default: 'data/kafka' },
    prepare: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  try {
    const { values } = parseArgs({ options });
    const port = Number(values.port);
    if (Number.isInteger(port) && port > 0 && port < 65_535) return { ...values, port };
  } catch (error) {
    throw new ConfigError([describe(error)]);
  }
  throw new ConfigError(['--port is a whole number from 1 to 65534']);
}

// `npm run kafka`: Apache Kafka on localhost:9092 in the foreground, without Docker.
import { ConfigError, describe } from '../../errors.ts';
import { readArguments } from '../arguments.ts';
import { inProject } from '../project-root.ts';
import { startKafka } from './broker.ts';
import { prepareKafka } from './installation.ts';

const usage = `Starts Apache Kafka in the foreground; needs Java 17 and Maven, but not Docker.

  npm run kafka -- [options]

  --port N          where it listens on localhost (9092); its controller takes the next port
  --directory PATH  where it keeps its data (data/kafka)
  --prepare         only fetch what it needs
  --help, -h
`;

const say = (line: string) => console.log(line);

// Whoever read along, such as `head`, may go away: that is no reason to end what others use.
process.stdout.on('error', () => {});

try {
  await main();
} catch (error) {
  console.error(describe(error));
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === 'help') return say(usage);
  const { prepare, port, directory } = options;
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

function readOptions(): 'help' | { prepare: boolean; port: number; directory: string } {
  const { texts, faults } = readArguments(process.argv.slice(2), {
    port: { type: 'string' },
    directory: { type: 'string' },
    prepare: { type: 'boolean' },
  });
  if (texts.has('help')) return 'help';
  const port = texts.get('port') ?? '9092';
  const wrong = [...faults];
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_534) {
    wrong.push(`--port is a whole number from 1 to 65534, not "${port}"`);
  }
  if (wrong.length > 0) throw new ConfigError(wrong);
  const directory = inProject(texts.get('directory') ?? 'data/kafka');
  return { prepare: texts.has('prepare'), port: Number(port), directory };
}

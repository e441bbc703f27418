// `npm run kafka`: Apache Kafka on localhost:9092 in the foreground, without Docker.
import { ConfigError } from '../../errors.ts';
import { readArguments } from '../arguments.ts';
import { atCtrlC, inForeground, portIn } from '../foreground.ts';
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

await inForeground(main);

async function main(): Promise<void> {
  const options = readOptions();
  if (options === 'help') return say(usage);
  const { prepare, port, directory } = options;
  await prepareKafka({ log: say });
  if (prepare) return;

  const stop = new AbortController();
  atCtrlC(() => stop.abort());
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
  const wrong = [...faults];
  const port = portIn(texts.get('port') ?? '9092', 1, 65_534, wrong);
  if (wrong.length > 0) throw new ConfigError(wrong);
  const directory = inProject(texts.get('directory') ?? 'data/kafka');
  return { prepare: texts.has('prepare'), port, directory };
}

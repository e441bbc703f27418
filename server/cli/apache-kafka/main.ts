// `npm run kafka`: Apache Kafka on localhost:9092 in the foreground, without Docker.
import { parseArgs } from 'node:util';
import { describe } from '../../errors.ts';
import { startKafka } from './broker.ts';
import { prepareKafka } from './installation.ts';

const usage = `Starts Apache Kafka in the foreground; needs Java 17 and Maven, but not Docker.

  npm run kafka -- [options]

  --port N          where it listens on localhost (9092); its controller takes the next port
  --directory PATH  where it keeps its data (data/kafka)
  --help
`;

try {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '9092' },
      directory: { type: 'string', default: 'data/kafka' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) console.log(usage);
  else await serve(Number(values.port), values.directory);
} catch (error) {
  console.error(describe(error));
  process.exitCode = 1;
}

async function serve(port: number, directory: string): Promise<void> {
  const say = (line: string) => console.log(line);
  const stop = new AbortController();
  // `on`, not `once`: npm hands a Ctrl-C on that the terminal has sent already.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  await prepareKafka({ log: say });
  const ports = { port, controllerPort: port + 1 };
  const kafka = await startKafka({ ...ports, directory, onLine: say, signal: stop.signal });
  say(`Apache Kafka listens on ${kafka.brokers}, data in ${directory}; Ctrl-C stops it`);
  await kafka.exited;
}

// `npm run registry`: a schema registry on localhost in the foreground, without Docker.
import { ConfigError, describe } from '../../errors.ts';
import { readArguments } from '../arguments.ts';
import { prepareRegistry } from './installation.ts';
import { startRegistry } from './registry.ts';

const usage = `Starts a schema registry (Apicurio Registry) in the foreground; needs Java 17 and Maven, but not Docker.
It keeps schemas in memory: after a restart the same id may mean another one.

  npm run registry -- [options]

  --port N    where it listens on localhost (8081)
  --prepare   only fetch what it needs
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
  await prepareRegistry({ log: say });
  if (options.prepare) return;

  const stop = new AbortController();
  // `on`, not `once`: npm hands a Ctrl-C on that the terminal has sent already.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  const registry = await startRegistry({ port: options.port, onLine: say, signal: stop.signal });
  say(`the registry answers; SCHEMA_REGISTRY_URL=${registry.url} npm start; Ctrl-C stops it`);
  await registry.exited;
}

function readOptions(): 'help' | { prepare: boolean; port: number } {
  const { texts, faults } = readArguments(process.argv.slice(2), {
    port: { type: 'string' },
    prepare: { type: 'boolean' },
  });
  if (texts.has('help')) return 'help';
  const port = texts.get('port') ?? '8081';
  const wrong = [...faults];
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    wrong.push(`--port is a whole number from 1 to 65535, not "${port}"`);
  }
  if (wrong.length > 0) throw new ConfigError(wrong);
  return { prepare: texts.has('prepare'), port: Number(port) };
}

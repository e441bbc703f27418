// `npm run registry`: a schema registry on localhost in the foreground, without Docker.
import { ConfigError } from '../../errors.ts';
import { readArguments } from '../arguments.ts';
import { atCtrlC, inForeground, portIn } from '../foreground.ts';
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

await inForeground(main);

async function main(): Promise<void> {
  const options = readOptions();
  if (options === 'help') return say(usage);
  await prepareRegistry({ log: say });
  if (options.prepare) return;

  const stop = new AbortController();
  atCtrlC(() => stop.abort());
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
  const wrong = [...faults];
  const port = portIn(texts.get('port') ?? '8081', 1, 65_535, wrong);
  if (wrong.length > 0) throw new ConfigError(wrong);
  return { prepare: texts.has('prepare'), port };
}

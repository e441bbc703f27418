// The container's health check: asks the instance that runs with the same environment whether it is
// alive, not whether it is ready. An instance waits for its Kafka; to restart it would not help.
import { urlOf } from '../config/address.ts';
import { loadConfig } from '../config.ts';
import { ConfigError, describe } from '../errors.ts';
import { readArguments } from './arguments.ts';
import { environment } from './environment.ts';
import { askLive } from './live.ts';

const usage = `Asks the instance with these settings (PORT, HOST) whether it is alive.

  node dist/server/cli/healthcheck.js

Ends with 0 when it is, with 1 when it is not.
`;

try {
  const { texts, faults } = readArguments(process.argv.slice(2), {});
  if (texts.has('help')) console.log(usage);
  else if (faults.length > 0) throw new ConfigError(faults);
  else await check();
} catch (error) {
  console.error(describe(error));
  // Not 2, as other commands have it for wrong settings: Docker keeps that for itself.
  process.exitCode = 1;
}

async function check(): Promise<void> {
  const { HOST: host, PORT: port } = loadConfig(environment());
  if (port === 0) throw new ConfigError(['PORT: 0 is any free port, so nobody knows which to ask']);
  const wrong = await askLive({ host, port });
  if (wrong === null) console.log(`alive at ${urlOf(host, port)}`);
  else throw new Error(`not alive at ${urlOf(host, port)}: ${wrong}`);
}

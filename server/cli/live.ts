// Asks an instance whether it is alive, as the container's health check does.
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { addressToAsk } from '../config/address.ts';
import { describe } from '../errors.ts';

const MAX_LENGTH = 1000;

/**
 * Null when an instance of this service that listens on `host` and `port` answers that it is alive; else
 * what was found there instead, in words. Never rejects.
 */
export async function askLive({
  host,
  port,
  timeoutMs = 2000,
}: {
  host: string;
  port: number;
  timeoutMs?: number;
}): Promise<string | null> {
  // One for the whole exchange: who answers a byte a second is not alive.
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const request = get({
      host: addressToAsk(host),
      port,
      path: '/health/live',
      // The name that is served whatever the settings.
      headers: { host: 'localhost' },
      agent: false,
      signal,
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let said = '';
    for await (const chunk of response.setEncoding('utf8')) {
      said += chunk;
      if (said.length > MAX_LENGTH) break;
    }
    request.destroy();
    if (response.statusCode === 200 && isLive(said)) return null;
    return `another program answers (${response.statusCode})`;
  } catch (error) {
    return signal.aborted ? `no answer in ${timeoutMs / 1000} s` : describe(error);
  }
}

function isLive(body: string): boolean {
  try {
    return (JSON.parse(body) as { status?: unknown } | null)?.status === 'live';
  } catch {
    return false;
  }
}

// TLS and login to Kafka: what the settings say, in the form in which kafkajs takes it.
import type { ConnectionOptions } from 'node:tls';
import type { SASLOptions } from 'kafkajs';
import { AppError, ConfigError, describe } from '../errors.ts';
import { readTls, type TlsFiles } from './tls-files.ts';

/** How a client may prove to Kafka who it is. */
export type Login =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    }
  | {
      readonly mechanism: 'oauthbearer';
      /** Where tokens are asked for, with the grant "client credentials" (RFC 6749, 4.4). */
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope: string | null;
    };

/** TLS and login as they are set. */
export type SecuritySettings = {
  readonly tls: TlsFiles | null;
  readonly login: Login | null;
};

/** What kafkajs has to know; files are read now. Throws a ConfigError for one that cannot be, or is not what it should be. */
export function securityOptions({ tls, login }: SecuritySettings): {
  ssl: boolean | ConnectionOptions;
  sasl?: SASLOptions;
} {
  return {
    ssl: tls === null ? false : tlsOptions(tls),
    ...(login === null ? {} : { sasl: saslOptions(login) }),
  };
}

function tlsOptions(tls: NonNullable<SecuritySettings['tls']>): true | ConnectionOptions {
  const { material, faults } = readTls(tls);
  if (faults.length > 0) throw new ConfigError(faults);
  const { ca, certificate, key } = material;
  const options: ConnectionOptions = {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
    ...(tls.keyPassword === null ? {} : { passphrase: tls.keyPassword }),
  };
  return Object.keys(options).length === 0 ? true : options;
}

function saslOptions(login: Login): SASLOptions {
  if (login.mechanism !== 'oauthbearer') return { ...login };
  return { mechanism: 'oauthbearer', oauthBearerProvider: createTokens(login) };
}

/** A token is asked for anew when so little of its life is left. */
const RENEW_BEFORE_MS = 30_000;
const ASK_WITHIN_MS = 10_000;

/** Gives the token in force; one request for all who ask meanwhile. */
function createTokens(login: Login & { mechanism: 'oauthbearer' }): () => Promise<Token> {
  let token: Token | undefined;
  let goodUntil = 0;
  let asking: Promise<Token> | undefined;

  async function ask(): Promise<Token> {
    const { value, lifetimeMs } = await askForToken(login);
    token = { value };
    goodUntil = performance.now() + lifetimeMs - RENEW_BEFORE_MS;
    return token;
  }

  return async () => {
    if (token !== undefined && performance.now() < goodUntil) return token;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

type Token = { readonly value: string };

async function askForToken(
  login: Login & { mechanism: 'oauthbearer' },
): Promise<{ value: string; lifetimeMs: number }> {
  const { tokenUrl, clientId, clientSecret, scope } = login;
  const refused = (words: string, cause?: unknown) =>
    new AppError('KAFKA', `no token for Kafka from ${tokenUrl}: ${words}`, true, { cause });
  // Each part encoded as a form would: RFC 6749, 2.3.1.
  const basic = [clientId, clientSecret].map(encodeURIComponent).join(':');
  let response: Response;
  try {
    response = await fetch(tokenUrl, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(basic).toString('base64')}` },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        ...(scope === null ? {} : { scope }),
      }),
      signal: AbortSignal.timeout(ASK_WITHIN_MS),
    });
  } catch (error) {
    throw refused(describe(error), error);
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw refused(`it answers ${response.status}`);
  }
  const answer = (await response.json().catch((error: unknown) => {
    throw refused('its answer is no JSON', error);
  })) as { access_token?: unknown; expires_in?: unknown } | null;
  if (typeof answer?.access_token !== 'string') throw refused('its answer has no access_token');
  const seconds = Number(answer.expires_in ?? 300);
  return { value: answer.access_token, lifetimeMs: Math.max(0, seconds) * 1000 };
}

// How this instance decodes orders: with a registry to ask when one is set.
import type { Config } from '../config.ts';
import type { Clock } from '../log/clock.ts';
import { createOrderDecoder, type OrderDecoder } from '../orders/order-decoder.ts';
import { schemaOfAnswer } from '../orders/order-schemas.ts';
import { authorizationOf, createRegistryClient } from '../schemas/registry-client.ts';
import { createSchemaCache } from '../schemas/schema-cache.ts';

/** The decoder, and the end of its questions. `onTrouble` hears why the registry cannot be asked; null when it can. */
export function openOrderSchemas(deps: {
  config: Config;
  clock: Clock;
  onTrouble: (words: string | null) => void;
}): OrderDecoder & { close(): void } {
  const { config, clock, onTrouble } = deps;
  const { SCHEMA_REGISTRY_URL: url } = config;
  if (url === null) return { ...createOrderDecoder(null), close: () => {} };
  const client = createRegistryClient({ url, authorization: registryAuthorization(config) });
  const schemas = createSchemaCache({
    client,
    make: schemaOfAnswer,
    clock,
    random: Math.random,
    onTrouble,
  });
  return { ...createOrderDecoder(schemas), close: schemas.close };
}

/** The header Authorization for the registry of the settings; null for none. */
export function registryAuthorization(config: Config): string | null {
  return authorizationOf({
    user: config.SCHEMA_REGISTRY_USER,
    password: config.SCHEMA_REGISTRY_PASSWORD,
    token: config.SCHEMA_REGISTRY_TOKEN,
  });
}

// How this instance decodes orders: with a registry to ask when one is set.
import type { Config } from '../config.ts';
import type { Schemas } from '../http/contract.ts';
import type { Clock } from '../log/clock.ts';
import { createOrderDecoder, type OrderDecoder } from '../orders/order-decoder.ts';
import { readerFingerprint, readerText, schemaOfAnswer } from '../orders/order-schemas.ts';
import { fingerprintText } from '../schemas/fingerprint.ts';
import { authorizationOf, createRegistryClient } from '../schemas/registry-client.ts';
import { createSchemaCache } from '../schemas/schema-cache.ts';

/** What the registry is called among what is reported. */
export const REGISTRY = 'registry';

export type OrderSchemas = OrderDecoder & {
  /** What `GET /schema` shows. */
  shown(): Schemas;
  close(): void;
};

/** The decoder, and the end of its questions. `onTrouble` hears why the registry cannot be asked; null when it can. */
export function openOrderSchemas(deps: {
  config: Config;
  clock: Clock;
  onTrouble: (words: string | null) => void;
}): OrderSchemas {
  const { config, clock, onTrouble } = deps;
  const { SCHEMA_REGISTRY_URL: url } = config;
  if (url === null) return withShown(createOrderDecoder(null), null, () => {});
  const client = createRegistryClient({ url, authorization: registryAuthorization(config) });
  const schemas = createSchemaCache({
    client,
    make: schemaOfAnswer,
    clock,
    random: Math.random,
    onTrouble,
  });
  return withShown(createOrderDecoder(schemas), client.url, schemas.close);
}

function withShown(
  decoder: OrderDecoder,
  registry: string | null,
  close: () => void,
): OrderSchemas {
  const reader = {
    fingerprint: fingerprintText(readerFingerprint),
    schema: JSON.parse(readerText) as unknown,
  };
  const shown = () => ({ reader, registry, writers: decoder.seen().map((each) => ({ ...each })) });
  return { ...decoder, shown, close };
}

/** The header Authorization for the registry of the settings; null for none. */
export function registryAuthorization(config: Config): string | null {
  return authorizationOf({
    user: config.SCHEMA_REGISTRY_USER,
    password: config.SCHEMA_REGISTRY_PASSWORD,
    token: config.SCHEMA_REGISTRY_TOKEN,
  });
}

// How this instance decodes orders: with a registry to ask when one is set.
import type { Config } from '../config.ts';
import type { Schemas } from '../http/contract.ts';
import { type Clock, delay } from '../log/clock.ts';
import { Unready } from '../log/unready.ts';
import { createOrderDecoder, type OrderDecoder } from '../orders/order-decoder.ts';
import { idOf } from '../orders/order-fold.ts';
import { readerFingerprint, readerText, schemaOfAnswer } from '../orders/order-schemas.ts';
import { fingerprintText } from '../schemas/fingerprint.ts';
import { framingOf } from '../schemas/framing.ts';
import { authorizationOf, createRegistryClient } from '../schemas/registry-client.ts';
import { createSchemaCache } from '../schemas/schema-cache.ts';

/** What the registry is called among what is reported. */
export const REGISTRY = 'registry';

/** So long the id of a dead letter is waited for; without it the key is shown, which mostly says the same. */
const ID_WAIT_MS = 2000;

export type OrderSchemas = OrderDecoder & {
  /** A decoder for what is only shown: it is not counted among what was seen. */
  viewer: OrderDecoder;
  /** The id of the order in a dead letter; null when it is none, or when nobody can tell yet. */
  idOf(value: Buffer): string | null;
  /** Resolves when `idOf` can tell, or the registry does not; undefined when it can already. */
  idReady(value: Buffer): Promise<void> | undefined;
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
  if (url === null) {
    const decoder = createOrderDecoder(null);
    const shown = () => shownOf(decoder, null);
    const viewer = createOrderDecoder(null);
    return { ...decoder, viewer, idOf, idReady: () => undefined, shown, close() {} };
  }
  let isTold = true;
  const client = createRegistryClient({ url, authorization: registryAuthorization(config) });
  const schemas = createSchemaCache({
    client,
    make: schemaOfAnswer,
    clock,
    random: Math.random,
    onTrouble(words) {
      isTold = words === null;
      onTrouble(words);
    },
  });
  const decoder = createOrderDecoder(schemas);
  const viewer = createOrderDecoder(schemas);
  return {
    ...decoder,
    viewer,
    shown: () => shownOf(decoder, client.url),
    idOf: (value) => idOf(value, viewer),
    idReady(value) {
      if (!isTold || framingOf(value, 0, value.length) !== 'registry') return undefined;
      const order = viewer.decode(value, 0, value.length);
      if (!(order instanceof Unready)) return undefined;
      return Promise.race([order.ready, delay(clock, ID_WAIT_MS)]);
    },
    close: schemas.close,
  };
}

function shownOf(decoder: OrderDecoder, registry: string | null): Schemas {
  const reader = {
    fingerprint: fingerprintText(readerFingerprint),
    schema: JSON.parse(readerText) as unknown,
  };
  return { reader, registry, writers: decoder.seen().map((each) => ({ ...each })) };
}

/** The header Authorization for the registry of the settings; null for none. */
export function registryAuthorization(config: Config): string | null {
  return authorizationOf({
    user: config.SCHEMA_REGISTRY_USER,
    password: config.SCHEMA_REGISTRY_PASSWORD,
    token: config.SCHEMA_REGISTRY_TOKEN,
  });
}

// From a value to an order, however it was framed and whatever schema it was written with.
import { Fault, MAX_VALUE_BYTES } from '../log/fault.ts';
import { Unready } from '../log/unready.ts';
import { fingerprintText } from '../schemas/fingerprint.ts';
import {
  FRAMING_WORDS,
  type Framing,
  framingOf,
  HEADER_BYTES,
  readFingerprint,
  readSchemaId,
} from '../schemas/framing.ts';
import type { SchemaCache } from '../schemas/schema-cache.ts';
import { decodeOrder } from './decode-order.ts';
import type { Order } from './order.ts';
import { type OrderSchema, publishedSchema, schemaByFingerprint } from './order-schemas.ts';
import { decodePlainOrder } from './plain-order.ts';
import { REASONS } from './reasons.ts';

/** How often values of one framing and schema were decoded; those whose schema nobody knows are one. */
export type SeenSchema = {
  readonly framing: Framing;
  /** In the registry. */
  readonly id: number | null;
  readonly fingerprint: string | null;
  readonly name: string | null;
  decoded: number;
  refused: number;
};

export type OrderDecoder = {
  /** See Fold: the order in `bytes[start, end)`, why there is none, or that its schema is being asked for. */
  decode(bytes: Buffer, start: number, end: number): Order | Fault | Unready;
  /** What the value in `bytes[start, end)` was written with; it has at least one byte. */
  writtenWith(bytes: Buffer, start: number, end: number): WrittenWith;
  /** What was decoded since the start, in order of first sight; an order that is tried again counts again. */
  seen(): readonly Readonly<SeenSchema>[];
};

/** What a value says of the schema that it was written with. */
export type WrittenWith = {
  readonly framing: Framing;
  /** In the registry; null in other framings, and where the header is not whole. */
  readonly id: number | null;
  /** What stands behind the framing begins here. */
  readonly body: number;
  readonly schema: OrderSchema | Fault | Unready;
};

/** The cache of schemas by id, as the decoder needs it. */
export type KnownSchemas = Pick<SchemaCache<OrderSchema | Fault>, 'get' | 'insist'>;

/** A decoder that asks `schemas` for what an id means; without them no id means anything. */
export function createOrderDecoder(schemas: KnownSchemas | null): OrderDecoder {
  const raw: SeenSchema = nothingSeen('raw', null, publishedSchema);
  /** By id; by schema, where there is none; and by the framing of what has neither. */
  const seen = new Map<number | OrderSchema | Framing, SeenSchema>();

  function writtenWith(bytes: Buffer, start: number, end: number): WrittenWith {
    const framing = framingOf(bytes, start, end);
    const body = start + HEADER_BYTES[framing];
    if (framing === 'raw') return { framing, id: null, body, schema: publishedSchema };
    if (body > end) {
      const found = `the value ends inside the framing, after ${end - start} of ${body - start} bytes`;
      return { framing, id: null, body: end, schema: new Fault(REASONS.MALFORMED, found) };
    }
    const id = framing === 'registry' ? readSchemaId(bytes, start) : null;
    return {
      framing,
      id,
      body,
      schema: id === null ? schemaByFingerprint(bytes, start + 2) : byId(id),
    };
  }

  function decodeFramed(bytes: Buffer, start: number, end: number): Order | Fault | Unready {
    const { framing, id, body, schema } = writtenWith(bytes, start, end);
    if (framing === 'raw') {
      const order = decodeOrder(bytes, start, end);
      note(raw, order);
      return order instanceof Fault && order.reason.stage === 'decode'
        ? named(order, FRAMING_WORDS.raw)
        : order;
    }
    if (schema instanceof Unready) return schema;
    const order = schema instanceof Fault ? schema : schema.decode(bytes, body, end);
    // What ends inside its framing names no schema.
    const names = end - start >= HEADER_BYTES[framing];
    if (names) note(seenOf(framing, id, schema), order);
    if (!(order instanceof Fault)) return order;
    if (!names) return named(order, FRAMING_WORDS[framing]);
    const name = id ?? fingerprintText(readFingerprint(bytes, start));
    return named(order, `${FRAMING_WORDS[framing]}, schema ${name}`);
  }

  function byId(id: number): OrderSchema | Fault | Unready {
    if (schemas === null) return NO_REGISTRY;
    const schema = schemas.get(id);
    if (!(schema instanceof Fault) || schema.reason !== REASONS.SCHEMA_UNKNOWN) return schema;
    return new Fault(schema.reason, schema.found, () => schemas.insist(id));
  }

  function seenOf(framing: Framing, id: number | null, schema: OrderSchema | Fault): SeenSchema {
    // Ids that mean nothing are as many as a stranger likes.
    const means = schema instanceof Fault && schema.reason === REASONS.SCHEMA_UNKNOWN ? null : id;
    const known = schema instanceof Fault ? null : schema;
    const key = means ?? known ?? framing;
    const before = seen.get(key);
    if (before !== undefined) return before;
    const first = nothingSeen(framing, means, known);
    seen.set(key, first);
    return first;
  }

  return {
    decode(bytes, start, end) {
      const plain = decodePlainOrder(bytes, start, end);
      if (plain !== null) {
        raw.decoded += 1;
        return plain;
      }
      // What is no value, or none that is read, has no framing.
      const isValue = start >= 0 && end > start && end - start <= MAX_VALUE_BYTES;
      return isValue ? decodeFramed(bytes, start, end) : decodeOrder(bytes, start, end);
    },
    writtenWith,
    seen: () => [raw, ...seen.values()].filter(({ decoded, refused }) => decoded + refused > 0),
  };
}

const NO_REGISTRY = new Fault(
  REASONS.SCHEMA_UNKNOWN,
  'there is no registry to ask (SCHEMA_REGISTRY_URL)',
);

function nothingSeen(
  framing: Framing,
  id: number | null,
  schema: Pick<OrderSchema, 'name' | 'fingerprint'> | null,
): SeenSchema {
  const { name = null, fingerprint = null } = schema ?? {};
  return { framing, id, fingerprint, name, decoded: 0, refused: 0 };
}

function note(seen: SeenSchema, order: Order | Fault): void {
  if (order instanceof Fault) seen.refused += 1;
  else seen.decoded += 1;
}

/** The same fault; it says of which framing and schema, and then what was found. */
function named(fault: Fault, words: string): Fault {
  return new Fault(fault.reason, `${words}: ${fault.found}`, fault.askOn);
}

// The schemas of orders: the one that all are read with, those that orders were ever written with, and
// what a registry says of others.
import { readdirSync, readFileSync } from 'node:fs';
import { Fault } from '../log/fault.ts';
import { fingerprintText } from '../schemas/fingerprint.ts';
import type { InspectFields } from '../schemas/inspect-fields.ts';
import {
  createReaderSchema,
  fingerprintOfSchema,
  type WriterSchema,
} from '../schemas/reader-schema.ts';
import type { RegistryAnswer } from '../schemas/registry-client.ts';
import { decodeOrder } from './decode-order.ts';
import type { Order } from './order.ts';
import { REASONS } from './reasons.ts';
import { readResolved } from './resolved-order.ts';

const textOf = (path: string) => readFileSync(new URL(import.meta.resolve(path)), 'utf8');

/** avro/order.avsc. */
export const readerText = textOf('#avro/order.avsc');
const reader = createReaderSchema(readerText);

/** A schema that orders are written with. */
export type OrderSchema = {
  readonly name: string;
  /** As Avro's tools show it: 16 hexadecimal digits. */
  readonly fingerprint: string;
  /** JSON, as whoever wrote it has it. */
  readonly text: string;
  /** The order in `bytes[start, end)`, which hold no framing. */
  decode(bytes: Buffer, start: number, end: number): Order | Fault;
  /** What the writer wrote, for people. */
  inspect: InspectFields;
};

const publishedText = textOf('#avro/versions/1.avsc');
/** Of the format of orders without framing. */
export const publishedFingerprint = fingerprintOfSchema(publishedText);

function orderSchema(writer: WriterSchema, tellsScale: boolean): OrderSchema {
  return {
    name: writer.name,
    fingerprint: fingerprintText(writer.fingerprint),
    text: writer.text,
    inspect: writer.inspect,
    decode(bytes, start, end) {
      if (start === end) return new Fault(REASONS.MALFORMED, 'nothing follows the framing');
      // The quick way, and strict to the byte: one order has one encoding.
      if (writer.fingerprint === publishedFingerprint) return decodeOrder(bytes, start, end);
      return readResolved(writer, bytes.subarray(start, end), tellsScale);
    },
  };
}

/** Of orders without framing. */
export const publishedSchema = orderSchema(
  reader.resolve({ text: publishedText, references: [] }),
  false,
);

/** Those of avro/versions and the reader's own. In halves: to make a bigint of each value would cost as much as all the rest. */
const versions = [readerText, ...versionTexts()].map((text) => {
  const writer = reader.resolve({ text, references: [] });
  return {
    low: Number(BigInt.asUintN(32, writer.fingerprint)),
    high: Number(writer.fingerprint >> 32n),
    schema: orderSchema(writer, false),
  };
});

function versionTexts(): string[] {
  const folder = new URL('./', import.meta.resolve('#avro/versions/1.avsc'));
  const names = readdirSync(folder).filter((name) => name.endsWith('.avsc'));
  return names.map((name) => readFileSync(new URL(name, folder), 'utf8'));
}

/** Of the schema that all orders are read with. */
export const readerFingerprint = reader.fingerprint;

/** The schema of orders whose fingerprint stands at `at`, little endian; or why there is none. */
export function schemaByFingerprint(bytes: Buffer, at: number): OrderSchema | Fault {
  const low = bytes.readUInt32LE(at);
  const high = bytes.readUInt32LE(at + 4);
  for (const each of versions) if (each.low === low && each.high === high) return each.schema;
  return new Fault(REASONS.SCHEMA_UNKNOWN, 'it is none of avro/versions');
}

/** What a registry's answer comes to. */
export function schemaOfAnswer(answer: RegistryAnswer): OrderSchema | Fault {
  if (answer.kind === 'absent') return new Fault(REASONS.SCHEMA_UNKNOWN, answer.found);
  if (answer.type !== 'AVRO') {
    return new Fault(REASONS.SCHEMA_INCOMPATIBLE, `it is of type ${answer.type}, not AVRO`);
  }
  try {
    return orderSchema(reader.resolve(answer.schema), true);
  } catch (error) {
    // Whatever Avro has against a stranger's schema, be it nested too deeply for the stack, is its fault.
    const words = error instanceof Error ? error.message : String(error);
    return new Fault(REASONS.SCHEMA_INCOMPATIBLE, words);
  }
}

// From what was written with one schema to what is read with another, by Avro's rules of resolution.
import avro from 'avsc';
import { DecimalType } from './decimal.ts';
import { fingerprintOf } from './fingerprint.ts';
import { createInspectFields, type InspectFields } from './inspect-fields.ts';
import { createMeasure, MalformedError } from './measure.ts';

/** A schema as JSON text, and those that it refers to by name, which come before it. */
export type SchemaText = { readonly text: string; readonly references: readonly string[] };

/** The bytes come to an end elsewhere than the value, or are none. */
export type Unreadable = { readonly fault: 'malformed' | 'trailing'; readonly found: string };

/** A schema that values were written with, resolved to the reader's. */
export type WriterSchema = {
  readonly name: string;
  readonly fingerprint: bigint;
  /** As it was given. */
  readonly text: string;
  /** The value that `bytes`, all of them, hold: a member for each field of the reader, null where the writer has null. */
  decode(bytes: Buffer): { readonly value: Record<string, unknown> } | Unreadable;
  /** What the writer wrote, for people. */
  inspect: InspectFields;
};

export type ReaderSchema = {
  readonly fingerprint: bigint;
  /** Throws Error, in words, when it is no schema or does not resolve to the reader's. */
  resolve(writer: SchemaText): WriterSchema;
};

/** Names belong to one schema each. */
const options = (wrapUnions: 'always' | 'never') =>
  ({ logicalTypes: { decimal: DecimalType }, wrapUnions, registry: {} }) as const;

/**
 * The reader of records of `schema` (JSON text). A writer may say null where the reader has something else:
 * avsc would refuse the writer for it, Avro only the value.
 */
export function createReaderSchema(schema: string): ReaderSchema {
  const reader = avro.Type.forSchema(withNulls(JSON.parse(schema)), options('never'));
  return {
    fingerprint: fingerprintOfType(parse({ text: schema, references: [] })),
    resolve(writer) {
      const type = parse(writer);
      // Names are compared without their namespace, as the specification says.
      const resolver = reader.createResolver(type, { ignoreNamespaces: true });
      const measure = createMeasure(type);
      return {
        name: type.name ?? type.typeName,
        fingerprint: fingerprintOfType(type),
        text: writer.text,
        inspect: createInspectFields(type),
        decode(bytes) {
          try {
            const end = measure(bytes, 0);
            if (end < bytes.length) return trailing(bytes.length - end, end);
            return { value: reader.decode(bytes, 0, resolver).value };
          } catch (error) {
            // Of bytes that were measured avsc can only refuse a number beyond 2^53.
            if (!(error instanceof MalformedError) && error?.constructor !== Error) throw error;
            return { fault: 'malformed', found: error.message };
          }
        },
      };
    },
  };
}

/** The fingerprint of a schema (JSON text). Throws Error, in words, when it is none. */
export function fingerprintOfSchema(text: string): bigint {
  return fingerprintOfType(parse({ text, references: [] }));
}

function fingerprintOfType(type: avro.Type): bigint {
  return fingerprintOf(JSON.stringify(type.schema()));
}

function trailing(left: number, end: number): Unreadable {
  const bytes = left === 1 ? '1 byte' : `${left} bytes`;
  return {
    fault: 'trailing',
    found: `${bytes} behind the record, which ends at byte ${end}`,
  };
}

function parse({ text, references }: SchemaText): avro.Type {
  // Not wrapped, a union of two kinds of numbers would be refused as ambiguous.
  const shared = options('always');
  for (const reference of references) avro.Type.forSchema(bare(JSON.parse(reference)), shared);
  return avro.Type.forSchema(bare(JSON.parse(text)), shared);
}

/** Without what means nothing of a writer's schema, and is often not as the specification has it. */
function bare(schema: unknown): avro.Schema {
  const drop = new Set(['default', 'aliases', 'doc', 'order']);
  return JSON.parse(
    JSON.stringify(schema, function (this: unknown, key, value: unknown) {
      return drop.has(key) && !Array.isArray(this) ? undefined : value;
    }),
  );
}

type Field = { readonly type: unknown };

function withNulls(schema: { readonly fields: readonly Field[] }): avro.Schema {
  const fields = schema.fields.map((field) => {
    const branches = [field.type].flat();
    return { ...field, type: branches.includes('null') ? branches : [...branches, 'null'] };
  });
  return { ...schema, fields } as unknown as avro.Schema;
}

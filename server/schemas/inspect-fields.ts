// A record for people: its fields in the terms of the schema it was written with, as far as the bytes go.
import avro from 'avsc';
import { type Decimal, decimalText } from './decimal.ts';
import { createMeasure, MalformedError } from './measure.ts';

export type InspectedFields = {
  /** In order, as JSON has them; `at` is the byte at which the field begins. */
  readonly fields: { readonly name: string; readonly value: unknown; readonly at: number }[];
  /** The byte at which decoding stopped; null when it came to the end of the bytes. */
  readonly stoppedAt: number | null;
};

/** What is in `bytes` from `start` on; a schema that is no record has no fields. */
export type InspectFields = (bytes: Buffer, start: number) => InspectedFields;

/** Looks at values of `type`. No count that the bytes claim is believed. */
export function createInspectFields(type: avro.Type): InspectFields {
  const columns =
    type instanceof avro.types.RecordType
      ? type.fields.map(({ name, type }) => ({ name, type, measure: createMeasure(type) }))
      : [];
  return (bytes, start) => {
    const fields: InspectedFields['fields'] = [];
    let at = start;
    for (const { name, type, measure } of columns) {
      try {
        const end = measure(bytes, at);
        fields.push({ name, value: shown(type.decode(bytes, at).value), at });
        at = end;
      } catch (error) {
        // Of bytes that were measured avsc can only refuse a number beyond 2^53.
        if (!(error instanceof MalformedError) && error?.constructor !== Error) throw error;
        return { fields, stoppedAt: at };
      }
    }
    return { fields, stoppedAt: at < bytes.length ? at : null };
  };
}

/** Bytes are hexadecimal; a decimal, and a number that JSON does not have, are texts. */
function shown(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Array.isArray(value)) return value.map(shown);
  if ('unscaled' in value) return decimalText(value as Decimal);
  // A value of a union is wrapped in the name of its branch.
  if ('unwrap' in value) return shown(Object.values(value)[0]);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shown(inner)]));
}

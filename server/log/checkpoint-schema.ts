// avro/checkpoint.avsc, of which each version has a part.
import { readFileSync } from 'node:fs';
import avro from 'avsc';

export const CHECKPOINT_VERSION = 3;
export const VERSIONS = [1, 2, 3];

type Field = { name: string; since?: number };

const schema = JSON.parse(
  readFileSync(new URL(import.meta.resolve('#avro/checkpoint.avsc')), 'utf8'),
) as { fields: Field[] };

/**
 * The fields before `end` that a version has, as a record: Avro puts fields one after the other, so the
 * first of them are a record of their own.
 */
export function typeBefore(end: string, version: number, name: string): avro.Type {
  const count = schema.fields.findIndex((field) => field.name === end);
  const fields = schema.fields.slice(0, count).filter(({ since = 1 }) => since <= version);
  return avro.Type.forSchema({ ...schema, name, fields } as avro.Schema);
}

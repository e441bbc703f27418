// How the generator writes good orders: with which schema, and how framed.
import { readFile } from 'node:fs/promises';
import { AppError, describe } from '../errors.ts';
import { encodeOrder, type Order } from '../orders/order.ts';
import { readerText } from '../orders/order-schemas.ts';
import { createOrderWriter } from '../orders/order-writer.ts';
import { type Framing, registryHeader, singleObjectHeader } from '../schemas/framing.ts';
import { fingerprintOfSchema } from '../schemas/reader-schema.ts';
import { createRegistryClient, type RegistrySettings } from '../schemas/registry-client.ts';

export type OrderFormat = {
  readonly framing: Framing;
  /** A file with the schema; undefined: avro/order.avsc. Orders without framing have the published one. */
  readonly schemaFile: string | undefined;
  /** Under `<topic>-value` of the registry: true puts the schema there, false only asks for its id. */
  readonly register: boolean;
  /** Null when none is set. */
  readonly registry: RegistrySettings | null;
};

/** Makes the value of a good order. Rejects with an AppError when the schema or the registry is of no use. */
export async function openOrderFormat(
  { framing, schemaFile, register, registry }: OrderFormat,
  topic: string,
): Promise<(order: Order) => Buffer> {
  if (framing === 'raw') return encodeOrder;
  const schema = schemaFile === undefined ? readerText : await read(schemaFile);
  const write = refusing(schemaFile ?? 'avro/order.avsc', () => createOrderWriter(schema));
  const header =
    framing === 'single-object'
      ? singleObjectHeader(fingerprintOfSchema(schema))
      : registryHeader(await idOf(registry, register, `${topic}-value`, schema));
  return (order) => Buffer.concat([header, write(order)]);
}

async function idOf(
  registry: RegistrySettings | null,
  register: boolean,
  subject: string,
  schema: string,
): Promise<number> {
  if (registry === null) throw new TypeError('the registry of this format was not looked for');
  const client = createRegistryClient(registry);
  const id = await client[register ? 'register' : 'find'](subject, schema);
  if (id !== null) return id;
  const words = `${client.url} does not have this schema under ${subject}: --register puts it there`;
  throw new AppError('SCHEMA', words, false);
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new AppError('SCHEMA', `the schema cannot be read: ${describe(cause)}`, false, { cause });
  });
}

function refusing<T>(file: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const words = `no order can be written with ${file}: ${describe(cause)}`;
    throw new AppError('SCHEMA', words, false, { cause });
  }
}

// An order for people: its fields by name as far as its bytes can be read, and an edited one as bytes.
import { Fault } from '../log/fault.ts';
import { Unready } from '../log/unready.ts';
import type { Framing } from '../schemas/framing.ts';
import { encodeOrder, type Order, orderType } from './order.ts';
import type { OrderDecoder, WrittenWith } from './order-decoder.ts';

export type InspectedOrder = {
  readonly schema: string;
  /** What the value says of the schema that it was written with; null when it has no bytes. */
  readonly writer: InspectedWriter | null;
  /** In order; `at` is the byte at which the field begins; null where Avro has made it from another schema. */
  readonly fields: { readonly name: string; readonly value: unknown; readonly at: number | null }[];
  /** Why it is no order, in words; null when it is one. */
  readonly fault: string | null;
  /** The byte at which decoding stopped; null when it came to the end of the value. */
  readonly stoppedAt: number | null;
};

/** `id`: in the registry. The rest is null while, or because, nobody knows the schema. */
export type InspectedWriter = {
  readonly framing: Framing;
  readonly id: number | null;
  readonly fingerprint: string | null;
  readonly name: string | null;
  readonly schema: unknown;
};

export type OrderInspector = {
  /** What can be read of a value, which may be anything. */
  inspect(value: Buffer | null): InspectedOrder;
  /** The bytes of an order given as JSON, without framing, or why it is none, in words. */
  fromJson(json: unknown): Buffer | { readonly fault: string };
  /** The bytes, when they are an order; else why not, in words. */
  checked(bytes: Buffer): Buffer | { readonly fault: string };
};

const record = orderType as unknown as { name: string; fields: { name: string }[] };

/** Looks at values as `decoder` takes them, whatever their framing. */
export function createOrderInspector({
  decode,
  writtenWith,
}: Pick<OrderDecoder, 'decode' | 'writtenWith'>): OrderInspector {
  const decodeAll = (bytes: Buffer) => decode(bytes, 0, bytes.length);

  function checked(bytes: Buffer): Buffer | { readonly fault: string } {
    const fault = faultOf(decodeAll(bytes));
    return fault === null ? bytes : { fault };
  }

  return {
    inspect(value) {
      if (value === null || value.length === 0) {
        const fault = faultOf(decode(Buffer.alloc(0), value === null ? -1 : 0, 0));
        return { schema: record.name, writer: null, fields: [], fault, stoppedAt: 0 };
      }
      const order = decodeAll(value);
      const writer = writtenWith(value, 0, value.length);
      const shared = { schema: record.name, writer: shownWriter(writer), fault: faultOf(order) };
      // An order is shown in the reader's terms, as a handler is given it; what is none, as far as its writer's go.
      return order instanceof Fault || order instanceof Unready || writer.framing === 'raw'
        ? { ...shared, ...fieldsOf(value, writer) }
        : { ...shared, fields: readerFields(order), stoppedAt: null };
    },
    fromJson(json) {
      const faults = faultsOf(json);
      return faults.length > 0 ? { fault: faults.join('; ') } : checked(encodeOrder(json as Order));
    },
    checked,
  };
}

function fieldsOf(value: Buffer, { schema, body }: WrittenWith) {
  return schema instanceof Fault || schema instanceof Unready
    ? { fields: [], stoppedAt: body }
    : schema.inspect(value, body);
}

function readerFields({ orderId, product, price }: Order): InspectedOrder['fields'] {
  return Object.entries({ orderId, product, price }).map(([name, value]) => ({
    ...{ name, value, at: null },
  }));
}

function shownWriter({ framing, id, schema }: WrittenWith): InspectedWriter {
  if (schema instanceof Fault || schema instanceof Unready) {
    return { framing, id, fingerprint: null, name: null, schema: null };
  }
  const { fingerprint, name, text } = schema;
  return { framing, id, fingerprint, name, schema: JSON.parse(text) as unknown };
}

function faultOf(order: Order | Fault | Unready): string | null {
  if (order instanceof Unready) return 'its schema is not known yet';
  return order instanceof Fault ? order.text : null;
}

function faultsOf(json: unknown): string[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return [`an ${record.name} is an object with the fields ${names()}`];
  }
  const known = new Set(record.fields.map(({ name }) => name));
  const faults = Object.keys(json).some((name) => !known.has(name))
    ? [`there are other fields than ${names()}`]
    : [];
  orderType.isValid(json, {
    errorHook: (path: string[], _value: unknown, type: { typeName: string }) => {
      faults.push(`${path.join('.')} is missing or no ${type.typeName}`);
    },
  });
  return faults;
}

function names(): string {
  return record.fields.map(({ name }) => name).join(', ');
}

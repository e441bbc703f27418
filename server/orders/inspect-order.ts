// An order for people: its fields by name as far as its bytes can be read, and an edited one as bytes.
import { Fault } from '../log/fault.ts';
import { Unready } from '../log/unready.ts';
import { framingOf } from '../schemas/framing.ts';
import { encodeOrder, type Order, orderType } from './order.ts';
import type { OrderDecoder } from './order-decoder.ts';

export type InspectedOrder = {
  readonly schema: string;
  /** In order; `at` is the byte at which the field begins; null where the framing says another schema. */
  readonly fields: { readonly name: string; readonly value: unknown; readonly at: number | null }[];
  /** Why it is no order, in words; null when it is one. */
  readonly fault: string | null;
  /** The byte at which decoding stopped; null when it came to the end of the value. */
  readonly stoppedAt: number | null;
};

const record = orderType as unknown as RecordType;
type Decoded = { value: unknown; offset: number };
type FieldType = { decode(bytes: Buffer, at: number): Decoded };
type RecordType = { name: string; fields: { name: string; type: FieldType }[] };

export type OrderInspector = {
  /** What can be read of a value, which may be anything. */
  inspect(value: Buffer | null): InspectedOrder;
  /** The bytes of an order given as JSON, without framing, or why it is none, in words. */
  fromJson(json: unknown): Buffer | { readonly fault: string };
  /** The bytes, when they are an order; else why not, in words. */
  checked(bytes: Buffer): Buffer | { readonly fault: string };
};

/** Looks at values as `decode` takes them, whatever their framing. */
export function createOrderInspector(decode: OrderDecoder['decode']): OrderInspector {
  const decodeAll = (bytes: Buffer) => decode(bytes, 0, bytes.length);

  function checked(bytes: Buffer): Buffer | { readonly fault: string } {
    const fault = faultOf(decodeAll(bytes));
    return fault === null ? bytes : { fault };
  }

  return {
    inspect(value) {
      if (value === null) return inspectRaw(Buffer.alloc(0), decode(Buffer.alloc(0), -1, 0));
      const order = decodeAll(value);
      return framingOf(value, 0, value.length) === 'raw'
        ? inspectRaw(value, order)
        : inspectFramed(order);
    },
    fromJson(json) {
      const faults = faultsOf(json);
      return faults.length > 0 ? { fault: faults.join('; ') } : checked(encodeOrder(json as Order));
    },
    checked,
  };
}

/** Field by field, as far as the bytes go. */
function inspectRaw(bytes: Buffer, order: Order | Fault | Unready): InspectedOrder {
  const fields: InspectedOrder['fields'][number][] = [];
  let at = 0;
  for (const { name, type } of record.fields) {
    const decoded = decodeField(type, bytes, at);
    if (decoded === null) break;
    fields.push({ name, value: shown(decoded.value), at });
    at = decoded.offset;
  }
  const atEnd = fields.length === record.fields.length && at === bytes.length;
  return { schema: record.name, fields, fault: faultOf(order), stoppedAt: atEnd ? null : at };
}

/** The writer's schema may have other fields in another order: only the whole of it is known. */
function inspectFramed(order: Order | Fault | Unready): InspectedOrder {
  const fault = faultOf(order);
  const fields =
    fault === null
      ? Object.entries(order).map(([name, value]) => ({ name, value: shown(value), at: null }))
      : [];
  return { schema: record.name, fields, fault, stoppedAt: null };
}

function faultOf(order: Order | Fault | Unready): string | null {
  if (order instanceof Unready) return 'its schema is not known yet';
  return order instanceof Fault ? order.text : null;
}

/** Null when the field is not all there. */
function decodeField(type: FieldType, bytes: Buffer, at: number): Decoded | null {
  try {
    const decoded = type.decode(bytes, at);
    return decoded.offset < 0 || decoded.offset > bytes.length ? null : decoded;
  } catch {
    return null;
  }
}

/** JSON has no NaN and no Infinity. */
function shown(value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
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

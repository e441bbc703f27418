// An order for people: its fields by name as far as its bytes can be read, and an edited one as bytes.
import { Fault } from '../log/fault.ts';
import { decodeOrder } from './decode-order.ts';
import { type Order, orderType } from './order.ts';

export type InspectedOrder = {
  readonly schema: string;
  /** In order; `at` is the byte at which the field begins. */
  readonly fields: { readonly name: string; readonly value: unknown; readonly at: number }[];
  /** Why it is no order, in words; null when it is one. */
  readonly fault: string | null;
  /** The byte at which decoding stopped; null when it came to the end of the value. */
  readonly stoppedAt: number | null;
};

const record = orderType as unknown as RecordType;
type Decoded = { value: unknown; offset: number };
type FieldType = { decode(bytes: Buffer, at: number): Decoded };
type RecordType = { name: string; fields: { name: string; type: FieldType }[] };

/** What can be read of a value, which may be anything. */
export function inspectOrder(value: Buffer | null): InspectedOrder {
  const bytes = value ?? Buffer.alloc(0);
  const fields: InspectedOrder['fields'][number][] = [];
  let at = 0;
  for (const { name, type } of record.fields) {
    const decoded = decodeField(type, bytes, at);
    if (decoded === null) break;
    fields.push({ name, value: shown(decoded.value), at });
    at = decoded.offset;
  }
  const order = decodeOrder(bytes, value === null ? -1 : 0, bytes.length);
  const atEnd = fields.length === record.fields.length && at === bytes.length;
  return {
    schema: record.name,
    fields,
    fault: order instanceof Fault ? order.text : null,
    stoppedAt: atEnd ? null : at,
  };
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

/** The bytes of an order given as JSON, or why it is none, in words. */
export function orderFromJson(json: unknown): Buffer | { readonly fault: string } {
  const faults = faultsOf(json);
  if (faults.length > 0) return { fault: faults.join('; ') };
  return checkedOrder(orderType.toBuffer(json as Order));
}

/** The bytes, when they are an order; else why not, in words. */
export function checkedOrder(bytes: Buffer): Buffer | { readonly fault: string } {
  const order = decodeOrder(bytes, 0, bytes.length);
  return order instanceof Fault ? { fault: order.text } : bytes;
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

// What ops/asyncapi.yml says of topics and stream, against what is written, read and configured.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import asyncapi from '@asyncapi/specs';
import { Ajv } from 'ajv';
import avsc from 'avsc';
import t from 'tap';
import { parse } from 'yaml';
import { loadConfig } from '../../server/config.ts';
import { Delta, Snapshot } from '../../server/http/contract.ts';
import type { RecordHeader } from '../../server/record-batch/record.ts';
import { redriveHeaders, someLetter } from '../fixtures/dead-letters.ts';
import { build } from '../fixtures/http.ts';

type Headers = { required: string[]; properties: Record<string, object> };
type Channel = { address: string; servers: { $ref: string }[] };

const text = readFileSync('ops/asyncapi.yml', 'utf8');
const document = parse(text);
const { deadLetterHeaders, redriveHeaders: redriven }: Record<string, Headers> =
  document.components.schemas;

const options = { strict: false, validateFormats: false, validateSchema: false };
const ajv = new Ajv(options);

t.test('the document is AsyncAPI 3', async (t) => {
  const schema: object = asyncapi.schemas[document.asyncapi as '3.0.0'];
  // It brings its own copy of the schema of schemas.
  const ajv = new Ajv({ ...options, meta: false });
  t.equal(ajv.validate(schema, document), true, ajv.errorsText());
  t.notOk(ajv.validate(schema, { ...document, channels: 1 }), 'and what is none is found');
});

t.test('every reference leads somewhere, and to an Avro schema where it says so', async (t) => {
  const { app } = await build(t);
  const openApi = (await app.inject('/openapi.json')).json();
  const references = [...text.matchAll(/\$ref: "([^"]+)"/g)].map(([, to]) => to!);
  for (const to of new Set(references)) {
    const [file = '', pointer] = to.split('#');
    if (file.endsWith('.avsc')) {
      const path = join('ops', file);
      t.ok(existsSync(path), to);
      t.ok(avsc.Type.forSchema(JSON.parse(readFileSync(path, 'utf8'))), to);
    } else t.ok(at(file === '' ? document : openApi, pointer ?? ''), to);
  }
  const plain = (schema: object) => JSON.parse(JSON.stringify(schema));
  t.match(at(openApi, '/components/schemas/Snapshot'), { required: plain(Snapshot).required });
  t.match(at(openApi, '/components/schemas/Delta'), { required: plain(Delta).required });
});

t.test('the topics are those that the service uses unless it is told others', async (t) => {
  const config = loadConfig({});
  const channels: Record<string, Channel> = document.channels;
  const addresses = Object.values(channels)
    .filter(({ servers }) => servers[0]!.$ref === '#/servers/kafka')
    .map(({ address }) => address);
  const { ORDERS_TOPIC, DLQ_TOPIC, CHECKPOINT_TOPIC, COMMAND_TOPIC } = config;
  t.strictSame(addresses, [ORDERS_TOPIC, DLQ_TOPIC, CHECKPOINT_TOPIC, COMMAND_TOPIC]);
  t.equal(document.servers.http.host, `localhost:${config.PORT}`);
});

t.test('the headers are those that are written', async (t) => {
  const written = (headers: readonly RecordHeader[]) =>
    Object.fromEntries(headers.map(({ key, value }) => [key.toString(), value?.toString()]));
  for (const [described, headers] of [
    [deadLetterHeaders!, written(someLetter({ origin: 7 }).headers)],
    [redriven!, written(redriveHeaders({ group: 'g' }))],
  ] as const) {
    t.strictSame(Object.keys(headers).sort(), [...described.required].sort());
    t.strictSame(Object.keys(described.properties).sort(), [...described.required].sort());
    t.equal(ajv.validate(described, headers), true, ajv.errorsText());
  }
});

/** What a JSON pointer leads to; undefined when it leads nowhere. */
function at(document: unknown, pointer: string): unknown {
  const steps = pointer.split('/').slice(1);
  return steps.reduce<unknown>(
    (from, step) => (from as Record<string, unknown> | undefined)?.[step],
    document,
  );
}

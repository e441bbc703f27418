// The bodies of commands, out of the options of `npm run dlq`.
import { ConfigError } from '../errors.ts';

type Texts = ReadonlyMap<string, string>;

/** Where a redrive is posted to, and its body. */
export function redriveBody(names: readonly string[], texts: Texts, dryRun: boolean) {
  const number = (name: string) => (texts.has(name) ? Number(texts.get(name)) : undefined);
  const rate = texts.get('rate');
  const how = {
    ...(rate === undefined ? {} : { rate: rate === 'none' ? null : Number(rate) }),
    ...present({ delayMs: number('delay-ms'), maxRedrives: number('max-redrives') }),
    ...present({ why: texts.get('why') }),
    dryRun,
  };
  const value = texts.get('value');
  if (value !== undefined) {
    const path = `/dlq/${encodeURIComponent(names[0]!)}/redrive`;
    return { method: 'PUT', path, body: { value: { json: JSON.parse(value) }, ...how } };
  }
  const members = ['code', 'group', 'from', 'to', 'q'].map((name) => [name, texts.get(name)]);
  const filter = present(Object.fromEntries(members));
  const selection = names.length > 0 ? { ids: [...new Set(names)] } : { filter };
  const count = number('canary');
  const canary =
    count === undefined ? {} : { canary: { count, maxFailed: number('max-failed') ?? 0 } };
  return { method: 'POST', path: '/redrives', body: { selection, ...how, ...canary } };
}

/** Throws a ConfigError when the partitions are none. */
export function pauseBody(texts: Texts): object {
  const list = texts.get('partitions');
  const why = texts.get('why');
  if (list === undefined) return { why };
  if (!/^\d{1,4}(,\d{1,4})*$/.test(list)) {
    throw new ConfigError(['--partitions is a list such as 0,2']);
  }
  return { partitions: [...new Set(list.split(',').map(Number))], why };
}

function present(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

// Addresses of brokers. kafkajs cuts "host:port" at the first colon, so it gets an IPv6 address in a form
// without colons; our sockets (sockets.ts) know what is meant.
import { isIPv6 } from 'node:net';

const ALIAS = /([0-9a-fA-F.-]+)(%[\w.]+)?\.ipv6-literal/g;

/** `[::1]:9092` as kafkajs takes it; all else as it is. */
export function aliasOf(broker: string): string {
  return broker.replace(/^\[([^\]]+)\]/, (_, address) => {
    return `${address.replaceAll(':', '-')}.ipv6-literal`;
  });
}

/** A text of kafkajs with the addresses that were given. */
export function withoutAliases(text: string): string {
  return text.replaceAll(ALIAS, (_, address, zone = '') => {
    return `[${address.replaceAll('-', ':')}${zone}]`;
  });
}

/** What a host that kafkajs wants to connect to is for Node: an IPv6 address stands bare. */
export function hostOf(host: string): string {
  return withoutAliases(host).replace(/^\[(.*)\]$/, '$1');
}

/** An address as it is read and written: `[::1]:9092`, whichever form of it kafkajs has. */
export function addressOf(host: string, port: number | string): string {
  const bare = hostOf(host);
  return `${isIPv6(bare) ? `[${bare}]` : bare}:${port}`;
}

/** `host:port` of kafkajs, which puts no brackets around an IPv6 address. */
export function shownAddress(broker: string): string {
  const [, host = broker, port = ''] = /^(.*):(\d+)$/.exec(broker) ?? [];
  return addressOf(host, port);
}

// Addresses of brokers. kafkajs cuts "host:port" at the first colon, so it gets an IPv6 address in a form
// without colons; our sockets know what is meant.
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

const ALIAS = /([0-9a-fA-F.-]+)(%[\w.]+)?\.ipv6-literal/g;
const KEEP_ALIVE_MS = 60_000;

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

/** Sockets as kafkajs makes them, beside that they know the form above. */
export const socketFactory: ISocketFactory = ({ host: given, port, ssl, onConnect }): Socket => {
  const host = hostOf(given);
  const servername = isIP(host) ? {} : { servername: host };
  const socket = ssl
    ? connectTls({ host, port, ...servername, ...ssl }, onConnect)
    : connectPlain({ host, port }, onConnect);
  return socket.setKeepAlive(true, KEEP_ALIVE_MS);
};

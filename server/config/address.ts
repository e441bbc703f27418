// Where the HTTP server listens, as settings, messages and URLs name it.
import { BlockList, isIP, isIPv6 } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;

/** A host name or an address, IPv6 with or without brackets; throws an Error that says what is wrong. */
export function parseHost(text: string): string {
  const inBrackets = /^\[(.*)\]$/.exec(text)?.[1] ?? '';
  if (isIPv6(inBrackets)) return inBrackets;
  if (isIP(text) || HOST_NAME.test(text)) return text;
  throw new Error(`"${text}" is neither a host name nor an address (the port is PORT)`);
}

/** Whether only programs of this machine reach a server that listens there. */
export function isLoopback(host: string): boolean {
  if (!isIP(host)) return host.toLowerCase() === 'localhost';
  return loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}

/** Whether it stands for all addresses of the machine: 0.0.0.0, ::, and other spellings of them. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || (isIPv6(host) && /^[0:]+(0\.0\.0\.0)?$/.test(host));
}

/** The address on which this machine reaches a server that listens on `host`. */
export function addressToAsk(host: string): string {
  if (!isWildcard(host)) return host;
  return isIPv6(host) ? '::1' : '127.0.0.1';
}

/** The URL of a server that listens there, as a person on the same machine opens it. */
export function urlOf(host: string, port: number): string {
  if (host === '127.0.0.1' || isWildcard(host)) return `http://localhost:${port}`;
  // The zone of a link-local address has no place in a URL.
  return `http://${isIPv6(host) ? `[${host.split('%')[0]}]` : host}:${port}`;
}

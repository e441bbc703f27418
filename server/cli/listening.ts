// What the person who starts the service reads of its port.
import { isWildcard, urlOf } from '../config/address.ts';
import { describe } from '../errors.ts';
import { askLive } from './live.ts';

/** Where a server listens. */
export type Endpoint = { readonly host: string; readonly port: number };

export function listeningAt({ host, port }: Endpoint): string {
  const where = isWildcard(host) ? ' (on all addresses of this machine)' : '';
  return `listening on ${urlOf(host, port)}${where}`;
}

/** Why it is not possible to listen there, and what to do about it, in one sentence. */
export async function cannotListen(error: unknown, endpoint: Endpoint): Promise<string> {
  const { host, port } = endpoint;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return (await askLive(endpoint)) === null
        ? `port ${port} is taken by another order-stream, see ${urlOf(host, port)}: ` +
            'stop it, or set PORT to another one to have both'
        : `port ${port} is taken: stop what listens there, or set PORT to another one`;
    case 'EACCES':
      return `port ${port} is only for privileged users: set PORT to one from 1024 on`;
    case 'EADDRNOTAVAIL':
      return `HOST=${host} is no address of this machine`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HOST=${host} is a name that cannot be resolved`;
    default:
      return `cannot listen on ${urlOf(host, port)}: ${describe(error)}`;
  }
}

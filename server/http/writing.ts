// Who may give commands. On the loopback it takes no set-up, so that a newcomer can press the button;
// everywhere else it takes the token, and without one there are no commands.
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../log/clock.ts';
import { countedAs } from './address.ts';
import type { Writing } from './contract-commands.ts';
import { HttpError } from './http-error.ts';

/** How this instance is reached, and what it takes to command it. */
export type WritingSettings = {
  /** Only programs of this machine reach the port. */
  readonly loopback: boolean;
  /** At least 32 characters; null: there is none. */
  readonly token: string | null;
  readonly readOnly: boolean;
};

export type WriteAccess = {
  readonly shown: Writing;
  /** Throws an HttpError for a request that may not write; before its body is read. */
  admit(request: FastifyRequest, reply: FastifyReply): void;
};

const READ_ONLY = 'READ_ONLY is set: this instance takes no commands';
const NO_TOKEN =
  'commands from other machines need ADMIN_TOKEN (at least 32 characters), and none is set';
const NEEDED = 'commands need the token: Authorization: Bearer <ADMIN_TOKEN>';

/** The rule for all requests that write. */
export function createWriteAccess({ loopback, token, readOnly }: WritingSettings): WriteAccess {
  const digest = token === null ? null : sha256(token);

  function shown(): Writing {
    if (readOnly) return { mode: 'off', why: READ_ONLY };
    if (token !== null) return { mode: 'token', why: NEEDED };
    return loopback ? { mode: 'open', why: null } : { mode: 'off', why: NO_TOKEN };
  }

  return {
    shown: shown(),
    admit(request, reply) {
      if (readOnly) throw new HttpError(403, 'READ_ONLY', READ_ONLY);
      if (digest === null) {
        if (loopback && isDirect(request)) return;
        throw new HttpError(403, 'WRITING_OFF', NO_TOKEN);
      }
      const given = /^Bearer +([\x21-\x7e]{1,1024})$/i.exec(request.headers.authorization ?? '');
      if (given !== null && timingSafeEqual(sha256(given[1]!), digest)) return;
      reply.header('www-authenticate', 'Bearer');
      throw new HttpError(401, 'UNAUTHORIZED', NEEDED);
    },
  };
}

/** Digests have one length, so that comparing them says nothing of the token's. */
function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Whether a program of this machine asks, for itself: a proxy on this machine asks for whoever reaches
 * it, and says so, or keeps the name by which it was asked.
 */
function isDirect({ raw, headers }: FastifyRequest): boolean {
  if (FORWARDED.some((name) => headers[name] !== undefined)) return false;
  const host = (raw.headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
  if (host === 'localhost' || host === '[::1]') return true;
  return isIP(host) > 0 && isIPv4(host) && host.startsWith('127.');
}

/** Commands from one address at once, and how many more each second. */
const BURST = 60;
const PER_SECOND = 2;
const MAX_ADDRESSES = 10_000;

/** Refuses with 429 who writes too often: each attempt is a line in the log, and maybe records in Kafka. */
export function createWriteLimit(
  clock: Clock,
): (request: FastifyRequest, reply: FastifyReply) => void {
  const used = new Map<string, { count: number; at: number }>();
  return (request, reply) => {
    const address = countedAs(request.ip);
    const now = clock.monotonic();
    const before = used.get(address) ?? { count: 0, at: now };
    const count = Math.max(0, before.count - ((now - before.at) / 1000) * PER_SECOND);
    if (count + 1 > BURST) {
      reply.header('retry-after', '1');
      throw new HttpError(
        429,
        'TOO_MANY_COMMANDS',
        'too many commands from this address: try again',
      );
    }
    if (used.size >= MAX_ADDRESSES) used.clear();
    used.set(address, { count: count + 1, at: now });
  };
}

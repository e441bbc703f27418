// The sockets under kafkajs: to every address of a name in turn, and with words of ours when there is no way.
import { connect as connectPlain, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';
import { addressOf, hostOf } from './address.ts';

const KEEP_ALIVE_MS = 60_000;
/** For connecting, TLS included. Shorter than silence counts as "no answer", so that the reason is known by then. */
const CONNECT_WITHIN_MS = 4000;
/** A name may stand for several hosts: one that says nothing for so long is passed over for the next. */
const NEXT_ADDRESS_AFTER_MS = 500;

/** Who asks for `localhost:9092` and is told of `kafka:19092` looks for the mistake in the wrong place. */
const ADVERTISED =
  '; this address is not from KAFKA_BROKERS: a broker there gave it (its advertised.listeners)';

/**
 * Makes the sockets of a client of `brokers`. Their errors while they connect say every address that was
 * tried, and whether Kafka or KAFKA_BROKERS named it. `lookup` is Node's unless it is given.
 */
export function createSockets(
  brokers: readonly string[],
  { lookup, withinMs = CONNECT_WITHIN_MS }: { lookup?: LookupFunction; withinMs?: number } = {},
): ISocketFactory {
  const named = new Set(brokers.map((broker) => broker.toLowerCase()));
  return ({ host: given, port, ssl, onConnect }): Socket => {
    const host = hostOf(given);
    const address = addressOf(host, port);
    const origin = named.has(address.toLowerCase()) ? '' : ADVERTISED;
    const to = {
      ...{ host, port, autoSelectFamily: true },
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS,
      ...(lookup && { lookup }),
    };
    const connected = () => {
      clearTimeout(late);
      socket.off('error', explain);
      onConnect();
    };
    const socket = ssl
      ? connectTls({ ...to, ...(isIP(host) ? {} : { servername: host }), ...ssl }, connected)
      : connectPlain(to, connected);
    function explain(error: Error): void {
      clearTimeout(late);
      error.message = reasonIn(error) + origin;
    }
    // Before kafkajs listens, which takes the message as it is then.
    socket.once('error', explain);
    const late = setTimeout(() => {
      socket.destroy(new Error(`${address}: no answer to connecting within ${withinMs / 1000} s`));
    }, withinMs);
    socket.once('close', () => clearTimeout(late));
    return socket.setKeepAlive(true, KEEP_ALIVE_MS);
  };
}

/** Node has no words of its own for several addresses that were tried in vain. */
function reasonIn(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return [...new Set(error.errors.map(({ message }: Error) => message))].join(', ');
}

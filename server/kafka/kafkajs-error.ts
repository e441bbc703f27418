// kafkajs's errors in our words.
import { AppError } from '../errors.ts';
import { shownAddress, withoutAliases } from './address.ts';

/** What stands behind every refusal for want of a right. */
export const NO_RIGHT = '; this user lacks a right: the README lists those that are needed';

/** Of a TLS client: https://nodejs.org/api/errors.html, https://docs.openssl.org/master/man1/openssl-verification-options */
const UNKNOWN_AUTHORITY = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

/** Thread, number, part, function, reason, file and line: for people two of them are enough. */
const OPENSSL = /[\dA-F]+:error:[\dA-F]+:([^:]+):[^:]*:([^:]+):[^:]*:\d+:[^\n]*\n?/;

type KafkajsError = Error & {
  readonly broker?: string;
  readonly code?: string | number;
  /** Kafka's name of the error. */
  readonly type?: string;
  /** The connection was closed before it had been of any use: see kafkajs-mends.ts. */
  readonly unheard?: { readonly ssl: boolean; readonly sasl: boolean };
};

/**
 * Throws an AppError (KAFKA) that is retriable, whatever kafkajs threw: it calls an error final once
 * it has tried often enough, and trips over a connection that breaks between two of its steps with a
 * TypeError, but a Kafka that is away comes back. An AppError stays as it is.
 */
export function fromKafkajs(error: unknown): never {
  if (error instanceof AppError) throw error;
  throw new AppError('KAFKA', inWords(error), true, { cause: error });
}

/** What Kafka or the network said, with the address where it is known, and what it may come from. */
export function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const origin = originOf(error);
  const { code, type } = origin;
  const broker = origin.broker && shownAddress(origin.broker);
  const said = origin.message.replace(/^Connection error: |\.$/g, '').replace(OPENSSL, '$1: $2');
  const message = said || (typeof code === 'string' ? code : origin.name);
  const parts = [
    broker !== undefined && !message.includes(broker) ? `${broker}: ` : '',
    type !== undefined && !message.includes(type) ? `${type}: ` : '',
    message,
    typeof code === 'string' && !message.includes(code) ? ` (${code})` : '',
    suspicion(origin),
  ];
  return withoutAliases(parts.join(''));
}

function suspicion(error: KafkajsError): string {
  const { code, message, name, unheard, type } = error;
  if (unheard !== undefined) {
    const tls = unheard.ssl ? [] : ['TLS (KAFKA_SSL)'];
    const sasl = unheard.sasl ? [] : ['SASL (KAFKA_SASL_MECHANISM)'];
    const expected = [...tls, ...sasl].join(' or ');
    return expected && `; the port may expect ${expected}`;
  }
  if (/wrong version number|before secure TLS connection|packet length too long/.test(message)) {
    return '; the port may not speak TLS (KAFKA_SSL)';
  }
  if (UNKNOWN_AUTHORITY.includes(String(code))) {
    return '; name the authority that signed its certificate in KAFKA_SSL_CA';
  }
  if (code === 'CERT_HAS_EXPIRED') return '; it is the one of the broker';
  if (/alert (bad certificate|certificate|unknown ca)/.test(message)) {
    return '; the broker does not accept the certificate of this client (KAFKA_SSL_CERT)';
  }
  if (name === 'KafkaJSSASLAuthenticationError') {
    return /OAUTHBEARER/.test(message)
      ? '; the broker does not accept the token (KAFKA_OAUTH_…)'
      : '; see KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD';
  }
  if (type?.endsWith('_AUTHORIZATION_FAILED')) return NO_RIGHT;
  if (type === 'ILLEGAL_SASL_STATE') {
    return '; the port may not expect SASL (KAFKA_SASL_MECHANISM), or TLS besides (KAFKA_SSL)';
  }
  if (type === 'INCONSISTENT_GROUP_PROTOCOL') {
    return '; another program is in the group, with another protocol: give one of them another GROUP_ID';
  }
  return '';
}

/** What was thrown first, below kafkajs's wrappings. */
function originOf(error: KafkajsError): KafkajsError {
  if (error instanceof AppError) return error;
  return error.cause instanceof Error ? originOf(error.cause) : error;
}

/** The code of an AppError for what Kafka has refused to tell. */
export const REFUSED = 'KAFKA_REFUSED';

/** Whether Kafka was there and said no, rather than not there; whatever kafkajs has wrapped around it. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AppError && error.code === REFUSED) return true;
  return error.name === 'KafkaJSProtocolError' || isRefusal(error.cause);
}

// Certificates and keys as files: what is wrong with them is known at the start, not when a broker refuses.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe } from '../errors.ts';

/** Paths of PEM files. */
export type TlsFiles = {
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
  readonly keyPassword: string | null;
};

type Material = { ca?: string; certificate?: string; key?: string };

/** Their texts, or what is wrong with them: a sentence for each fault, with the setting that named the file. */
export function readTls({ ca, certificate, key, keyPassword }: TlsFiles): {
  material: Material;
  faults: string[];
} {
  const faults: string[] = [];
  const material: Material = {};

  /** Reads a file, and what `parse` makes of it; undefined when there is none, or after a fault. */
  function read<T>(
    name: keyof Material,
    setting: string,
    path: string | null,
    parse: (pem: string) => T,
  ): T | undefined {
    if (path === null) return undefined;
    try {
      const pem = readFileSync(path, 'utf8');
      material[name] = pem;
      return parse(pem);
    } catch (error) {
      faults.push(`${setting}: ${path}: ${describe(error)}`);
      return undefined;
    }
  }

  read('ca', 'KAFKA_SSL_CA', ca, certificateIn);
  const own = read('certificate', 'KAFKA_SSL_CERT', certificate, certificateIn);
  const secret = read('key', 'KAFKA_SSL_KEY', key, (pem) => keyIn(pem, keyPassword));
  if (own !== undefined && secret !== undefined && !own.checkPrivateKey(secret)) {
    faults.push(`KAFKA_SSL_KEY: ${key} is not the key of the certificate in ${certificate}`);
  }
  return { material, faults };
}

/** The first of them, which is the client's own where a chain follows. */
function certificateIn(pem: string): X509Certificate {
  const [first] = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/s.exec(pem) ?? [];
  if (first === undefined) throw new Error('there is no certificate in PEM form in it');
  return orSay('its certificate is damaged', () => new X509Certificate(first));
}

function keyIn(pem: string, passphrase: string | null): KeyObject {
  if (!/-----BEGIN [\w ]*PRIVATE KEY-----/.test(pem)) {
    throw new Error('there is no private key in PEM form in it');
  }
  const isEncrypted = /ENCRYPTED/.test(pem);
  if (isEncrypted && passphrase === null) {
    throw new Error('its key is encrypted: KAFKA_SSL_KEY_PASSWORD is needed');
  }
  const wrong = isEncrypted ? 'KAFKA_SSL_KEY_PASSWORD does not open it' : 'its key is damaged';
  return orSay(wrong, () =>
    createPrivateKey({ key: pem, ...(passphrase === null ? {} : { passphrase }) }),
  );
}

/** OpenSSL's words for what cannot be read are numbers. */
function orSay<T>(words: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(words, { cause });
  }
}

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { securityOptions } from '../../server/kafka/security.ts';
import { withAuthority } from '../fixtures/certificates.ts';
import { runTool } from '../fixtures/run-tool.ts';

const none = { ca: null, certificate: null, key: null, keyPassword: null };
const options = (tls: Partial<typeof none> | Record<string, string>) =>
  securityOptions({ tls: { ...none, ...tls }, login: null });

/** The beginning of a certificate, as a copy that was cut has it. */
const HALF = '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIB\n-----END CERTIFICATE-----\n';

t.test('without files, the authorities that Node knows are trusted', async (t) => {
  t.strictSame(options({}), { ssl: true });
});

t.test('files that are none of what they should be are told all at once', async (t) => {
  const dir = t.testdir({ 'text.pem': 'hello', 'empty.pem': '', 'half.pem': HALF });
  const path = (name: string) => join(dir, name);
  const faults: [Record<string, string>, RegExp][] = [
    [
      { certificate: path('no.pem'), key: dir },
      /KAFKA_SSL_CERT: .*no\.pem: ENOENT.*\n.*KAFKA_SSL_KEY: .*EISDIR/,
    ],
    [{ ca: path('text.pem') }, /KAFKA_SSL_CA: .*text\.pem: there is no certificate in PEM form/],
    [{ ca: path('empty.pem') }, /KAFKA_SSL_CA: .*empty\.pem: there is no certificate in PEM/],
    [{ ca: path('half.pem') }, /KAFKA_SSL_CA: .*half\.pem: its certificate is damaged/],
    [{ key: path('half.pem') }, /KAFKA_SSL_KEY: .*half\.pem: there is no private key in PEM/],
  ];
  for (const [tls, message] of faults) t.throws(() => options(tls), { code: 'CONFIG', message });
});

t.test('certificate and key belong together, and the password opens the key', async (t) => {
  const authority = await withAuthority(t);
  if (authority === undefined) return;
  const [own, other] = [await authority.issue('own'), await authority.issue('other')];
  t.strictSame(options({ ca: authority.ca, ...own }), {
    ssl: {
      ca: await readFile(authority.ca, 'utf8'),
      cert: await readFile(own.certificate, 'utf8'),
      key: await readFile(own.key, 'utf8'),
    },
  });
  const strangers = { certificate: own.certificate, key: other.key };
  t.throws(() => options(strangers), { message: /KAFKA_SSL_KEY: .* is not the key of the cert/ });

  const locked = join(t.testdir(), 'locked.key');
  const passwords = ['-passout', 'pass:hunter2'];
  await runTool('openssl', ['pkey', '-in', own.key, '-aes256', ...passwords, '-out', locked]);
  const pair = { certificate: own.certificate, key: locked };
  t.throws(() => options(pair), { message: /encrypted: KAFKA_SSL_KEY_PASSWORD is needed/ });
  t.throws(() => options({ ...pair, keyPassword: 'guessed' }), {
    message: /KAFKA_SSL_KEY_PASSWORD does not open it$/,
  });
  t.match(options({ ...pair, keyPassword: 'hunter2' }), { ssl: { passphrase: 'hunter2' } });

  const broken = join(t.testdir(), 'broken.key');
  await writeFile(broken, (await readFile(own.key, 'utf8')).replace(/.{200}(?=\n-----END)/s, ''));
  t.throws(() => options({ ...own, key: broken }), { message: /its key is damaged/ });
});

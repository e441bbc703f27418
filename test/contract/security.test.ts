// TLS, every kind of login, and rights, on an Apache Kafka that wants all of them.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import kafkajs, { type AclEntry } from 'kafkajs';
import t, { type Test } from 'tap';
import type { Health, Metrics } from '../../server/http/contract.ts';
import { withApacheKafka } from '../fixtures/apache-kafka.ts';
import { withAuthority } from '../fixtures/certificates.ts';
import { freePorts } from '../fixtures/free-port.ts';
import { runJavaMain } from '../fixtures/java.ts';
import { runTool } from '../fixtures/run-tool.ts';
import { type Service, withService } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';
import { withAdmin } from './admin.ts';
import { trouble } from './trouble.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const timeout = 300_000;
t.setTimeout(timeout);

const jaas = 'org.apache.kafka.common.security';
const listener = 'listener.name.sasl_ssl';

/** Gives tokens without a signature, which a broker takes when it is not told whom to believe. */
async function withTokenServer(t: Test, user: string): Promise<string> {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const server = createServer((_, response) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { sub: user, iat: now, exp: now + 60, scope: 'kafka' };
    const access_token = `${part({ alg: 'none' })}.${part(claims)}.`;
    response.end(JSON.stringify({ access_token, expires_in: 60 }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
}

/** The table of rights in the README, for the user `orders`. */
function rightsOfReadme(): AclEntry[] {
  const rows = readFileSync('README.md', 'utf8').matchAll(
    /^\| (topic|group) `([^`]+)` +\| (.+?) +\|$/gm,
  );
  return [...rows].flatMap(([, type = '', resourceName = '', rights = '']) =>
    rights.split(', ').map((right) => ({
      principal: 'User:orders',
      host: '*',
      operation: AclOperationTypes[right as keyof typeof AclOperationTypes],
      permissionType: AclPermissionTypes.ALLOW,
      resourceType: AclResourceTypes[type.toUpperCase() as 'TOPIC' | 'GROUP'],
      resourceName,
      resourcePatternType: ResourcePatternTypes.LITERAL,
    })),
  );
}

t.test('on a Kafka with TLS, logins and rights', { timeout }, async (t) => {
  const authority = await withAuthority(t);
  if (authority === undefined) return;
  const [port = 0] = await freePorts(1);
  const server = await authority.issue('broker');
  const kafka = await withApacheKafka(t, {
    listeners: { SASL_SSL: { at: `localhost:${port}` } },
    properties: {
      'listener.security.protocol.map':
        'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      // Who comes without a login, over the port that only this test knows.
      'super.users': 'User:ANONYMOUS',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      [`${listener}.plain.sasl.jaas.config`]: `${jaas}.plain.PlainLoginModule required user_orders="plain-secret";`,
      [`${listener}.scram-sha-256.sasl.jaas.config`]: `${jaas}.scram.ScramLoginModule required;`,
      [`${listener}.scram-sha-512.sasl.jaas.config`]: `${jaas}.scram.ScramLoginModule required;`,
      [`${listener}.oauthbearer.sasl.jaas.config`]: `${jaas}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
      // Every login ends after 3 s, and is renewed on the open connection.
      [`${listener}.connections.max.reauth.ms`]: '3000',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': await authority.keyStore(server),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': authority.ca,
      [`${listener}.ssl.client.auth`]: 'requested',
    },
  });
  if (kafka === undefined) return;
  const admin = await withAdmin(t, kafka.brokers);
  const at = ['--bootstrap-server', kafka.brokers];
  const user = ['--entity-type', 'users', '--entity-name', 'orders'];
  // One after the other: Kafka calls two mechanisms in one request a duplicate.
  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    const alter = [...user, '--alter', '--add-config', `${mechanism}=[password=scram-secret]`];
    await runJavaMain(kafka.installation, 'kafka.admin.ConfigCommand', [...at, ...alter]);
  }
  const base = {
    KAFKA_BROKERS: `localhost:${port}`,
    KAFKA_SSL: 'true',
    KAFKA_SSL_CA: authority.ca,
    FAILURE_RATE: '0',
  };
  const plain = {
    ...base,
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_USERNAME: 'orders',
    KAFKA_PASSWORD: 'plain-secret',
  };
  const produce = (env: Record<string, string>) =>
    runTool('env', [
      ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      ...[process.execPath, 'dist/server/cli/produce.js', '--count', '100', '--rate', '0'],
      ...['--bad', '0', '--seed', '1'],
    ]);

  const counted = async (service: Service, count: number) => {
    const look = () => service.json<Metrics>('/metrics');
    await until(`${count} orders are counted`, look, ({ totalCount }) => totalCount === count);
  };

  await t.test('what is missing is one sentence, in the log, health and page', async (t) => {
    const service = await withService(t, plain);
    await trouble(service, /AUTHORIZATION_FAILED.*this user lacks a right/);
    await service.stop();
    const wrong = await withService(t, { ...plain, KAFKA_PASSWORD: 'guessed' });
    await trouble(wrong, /Invalid username or password; see KAFKA_SASL_MECHANISM/);
    t.notMatch(wrong.lines.join('\n'), /guessed/);
    await wrong.stop();
    const { KAFKA_SSL_CA: _, ...stranger } = plain;
    const unknown = await withService(t, stranger);
    await trouble(unknown, /name the authority that signed its certificate in KAFKA_SSL_CA/);
    await unknown.stop();
    const old = await authority.issue('old', { expired: true });
    const expired = await withService(t, {
      ...plain,
      KAFKA_SSL_CERT: old.certificate,
      KAFKA_SSL_KEY: old.key,
    });
    await trouble(expired, /does not accept the certificate of this client \(KAFKA_SSL_CERT\)/);
    await expired.stop();
  });

  await t.test('the rights that the README lists are enough', async (t) => {
    await admin.createAcls({ acl: rightsOfReadme() });
    const service = await withService(t, plain);
    await produce(plain);
    await counted(service, 100);
    t.strictSame((await service.json<Health>('/health/ready')).reasons, []);
    await service.stop();
  });

  await t.test('every kind of login works, and is renewed while it is used', async (t) => {
    const own = await authority.issue('client');
    const certificate = { KAFKA_SSL_CERT: own.certificate, KAFKA_SSL_KEY: own.key };
    const password = { KAFKA_USERNAME: 'orders', KAFKA_PASSWORD: 'scram-secret' };
    const logins: Record<string, string>[] = [
      { ...certificate, ...password, KAFKA_SASL_MECHANISM: 'scram-sha-256' },
      { ...password, KAFKA_SASL_MECHANISM: 'scram-sha-512' },
      {
        KAFKA_SASL_MECHANISM: 'oauthbearer',
        KAFKA_OAUTH_TOKEN_URL: await withTokenServer(t, 'orders'),
        KAFKA_OAUTH_CLIENT_ID: 'orders',
        KAFKA_OAUTH_CLIENT_SECRET: 'oauth-secret',
      },
    ];
    let count = 100;
    for (const login of logins) {
      const env = { ...base, ...login };
      const service = await withService(t, env);
      for (let round = 0; round < 2; round += 1) {
        await produce(env);
        count += 100;
        await counted(service, count);
      }
      t.strictSame((await service.json<Health>('/health/ready')).reasons, []);
      t.notMatch(service.lines.join('\n'), /secret/);
      await service.stop();
    }
  });
});

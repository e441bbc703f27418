import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SASLOptions } from 'kafkajs';
import t, { type Test } from 'tap';
import { securityOptions } from '../../server/kafka/security.ts';

/** A token server, and how a client of it asks. */
async function withTokens(
  t: Test,
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
) {
  const asked: { authorization: string | undefined; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push({ authorization: request.headers.authorization, body });
    answer(request, response, body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const login = {
    mechanism: 'oauthbearer',
    tokenUrl: `http://127.0.0.1:${port}/token`,
    clientId: 'orders',
    clientSecret: 'p:w é',
    scope: 'kafka',
  } as const;
  const { sasl } = securityOptions({ tls: null, login });
  const { oauthBearerProvider } = sasl as SASLOptions & { mechanism: 'oauthbearer' };
  return { asked, token: oauthBearerProvider };
}

const json = (response: ServerResponse, value: unknown) => response.end(JSON.stringify(value));

t.test('a token is asked for once by all, and again when it is about to end', async (t) => {
  let given = 0;
  const { asked, token } = await withTokens(t, (_, response) => {
    given += 1;
    json(response, { access_token: `t${given}`, expires_in: given === 1 ? 3600 : 29 });
  });
  t.same(await Promise.all([token(), token(), token()]), Array(3).fill({ value: 't1' }));
  t.same(await token(), { value: 't1' });
  t.equal(asked.length, 1);
  t.equal(asked[0]!.body, 'grant_type=client_credentials&scope=kafka');
  const basic = Buffer.from('orders:p%3Aw%20%C3%A9').toString('base64');
  t.equal(asked[0]!.authorization, `Basic ${basic}`);

  const other = await withTokens(t, (_, response) => {
    given += 1;
    json(response, { access_token: `t${given}`, expires_in: 29 });
  });
  t.same(await other.token(), { value: 't2' });
  t.same(await other.token(), { value: 't3' }, 'one that ends soon is not used twice');
});

t.test(
  'a server of tokens that gives none is told with its address, and asked again',
  async (t) => {
    const answers: ((response: ServerResponse) => void)[] = [
      (response) => response.writeHead(401).end('secret'),
      (response) => response.end('<html>'),
      (response) => json(response, { token: 'x' }),
      (response) => json(response, null),
      (response) => response.destroy(),
    ];
    const { token } = await withTokens(t, (_, response) => {
      const next = answers.shift();
      if (next === undefined) json(response, { access_token: 'at last' });
      else next(response);
    });
    const words = [/it answers 401$/, /no JSON/, /no access_token/, /no access_token/, /./];
    for (const each of words) {
      await t.rejects(token(), { code: 'KAFKA', retriable: true, message: each });
    }
    t.same(await token(), { value: 'at last' });
  },
);

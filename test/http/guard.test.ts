import t from 'tap';
import { build, listen, rawClient } from '../fixtures/http.ts';

t.test('a header of which Node would keep one in silence may come only once', async (t) => {
  const { app } = await build(t);
  const port = await listen(app);
  const ask = async (...headers: string[]) => {
    const request = ['GET /metrics HTTP/1.1', ...headers, 'Connection: close', '', ''].join('\r\n');
    return (await rawClient(t, port, request).end()).toString();
  };
  t.match(await ask('Host: localhost'), /^HTTP\/1\.1 200 /);
  t.match(await ask('Host: localhost', 'host: evil.example'), /400 [\s\S]*DUPLICATE_HEADER/);
  for (const name of ['Origin', 'Authorization', 'Content-Type']) {
    const answer = await ask('Host: localhost', `${name}: a`, `${name.toLowerCase()}: b`);
    t.match(answer, /^HTTP\/1\.1 400 [\s\S]*DUPLICATE_HEADER/, name);
  }
});

t.test('a hundred other headers do not hide one that counts', async (t) => {
  const { app } = await build(t);
  const port = await listen(app);
  const others = Array.from({ length: 200 }, (_, i) => `X-${i}: a\r\n`).join('');
  const request = `DELETE /dlq HTTP/1.1\r\nHost: localhost\r\n${others}Origin: http://evil.example\r\nConnection: close\r\n\r\n`;
  t.match((await rawClient(t, port, request).end()).toString(), /^HTTP\/1\.1 403 /);
});

t.test('probes are answered whatever the Host, and clients of HTTP/1.0 without one', async (t) => {
  const { app } = await build(t);
  const port = await listen(app);
  const ask = async (request: string) =>
    (await rawClient(t, port, `${request}\r\n\r\n`).end()).toString().slice(9, 12);
  const close = '\r\nConnection: close';
  t.equal(await ask(`GET /health/live HTTP/1.1\r\nHost: evil.example${close}`), '200');
  t.equal(await ask(`GET /health/ready?x=1 HTTP/1.1\r\nHost: ${close}`), '200');
  t.equal(await ask('GET /health/live HTTP/1.0'), '200');
  t.equal(await ask('GET /metrics HTTP/1.0'), '200');
  t.equal(await ask('GET /metrics HTTP/1.0\r\nHost: evil.example'), '421');
  for (const path of ['/health/../metrics', '/health/%2e%2e/metrics', '/health/', '/health/x']) {
    t.equal(await ask(`GET ${path} HTTP/1.1\r\nHost: evil.example${close}`), '421', path);
  }
});

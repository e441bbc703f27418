import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import t, { type Test } from 'tap';
import { cannotListen, listeningAt } from '../../server/cli/listening.ts';
import { askLive } from '../../server/cli/live.ts';
import { freePort } from '../fixtures/free-port.ts';

async function listen(t: Test, server: Server): Promise<number> {
  t.teardown(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

const answering = (t: Test, answer: RequestListener) => listen(t, createServer(answer));

const live: RequestListener = ({ url, headers }, response) => {
  const isAsked = url === '/health/live' && headers.host === 'localhost';
  response.writeHead(isAsked ? 200 : 421).end('{"status":"live","reasons":[]}');
};

t.test('an instance that answers is alive, wherever it listens', async (t) => {
  const port = await answering(t, live);
  for (const host of ['127.0.0.1', 'localhost', '0.0.0.0']) {
    t.equal(await askLive({ host, port }), null, host);
  }
});

t.test('what is not alive is told in words', async (t) => {
  const host = '127.0.0.1';
  t.match(await askLive({ host, port: await freePort() }), /ECONNREFUSED/);
  t.match(await askLive({ host: 'nowhere.invalid', port: 1 }), /nowhere\.invalid/);
  const others: [RequestListener, RegExp][] = [
    [(_, response) => response.writeHead(503).end(), /another program answers \(503\)/],
    [(_, response) => response.end('<html>'), /another program answers \(200\)/],
    [(_, response) => response.end('null'), /another program answers \(200\)/],
    [(_, response) => response.end('{}'.repeat(1e6)), /another program answers \(200\)/],
    [(_, response) => response.writeHead(302, { location: '/' }).end(), /\(302\)/],
  ];
  for (const [answer, words] of others) {
    t.match(await askLive({ host, port: await answering(t, answer) }), words);
  }
  const noHttp = createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0\r\n'));
  t.match(await askLive({ host, port: await listen(t, noHttp) }), /./);
});

t.test('who does not answer, or without end, is given up in time', async (t) => {
  const silent = createTcpServer((socket) => socket.on('error', () => {}));
  const port = await listen(t, silent);
  const soon = { host: '127.0.0.1', timeoutMs: 50 };
  t.equal(await askLive({ ...soon, port }), 'no answer in 0.05 s');
  const endless = await answering(t, (_, response) => {
    const more = setInterval(() => response.write(' '), 1);
    response.on('close', () => clearInterval(more));
  });
  t.match(await askLive({ ...soon, port: endless }), /no answer in 0\.05 s/);
});

t.test('a server on all addresses says so, with a URL that can be opened', async (t) => {
  t.equal(listeningAt({ host: '127.0.0.1', port: 4000 }), 'listening on http://localhost:4000');
  t.equal(
    listeningAt({ host: '::', port: 4714 }),
    'listening on http://localhost:4714 (on all addresses of this machine)',
  );
});

t.test('a place where nobody can listen is told in one sentence, with what to do', async (t) => {
  const place = { host: 'a.example', port: 80 };
  const cases: Record<string, RegExp> = {
    EACCES: /^port 80 is only for privileged users: set PORT/,
    EADDRNOTAVAIL: /^HOST=a\.example is no address of this machine$/,
    ENOTFOUND: /^HOST=a\.example is a name that cannot be resolved$/,
    EAI_AGAIN: /^HOST=a\.example is a name that cannot be resolved$/,
    EINVAL: /^cannot listen on http:\/\/a\.example:80: why$/,
  };
  for (const [code, words] of Object.entries(cases)) {
    t.match(await cannotListen(Object.assign(new Error('why'), { code }), place), words, code);
  }
});

t.test('of a port that is taken it is said whether another instance has it', async (t) => {
  const taken = Object.assign(new Error(), { code: 'EADDRINUSE' });
  const host = '127.0.0.1';
  const ours = { host, port: await answering(t, live) };
  t.match(
    await cannotListen(taken, ours),
    /another order-stream, see http:\/\/localhost:\d+: .*PORT/,
  );
  const other = { host, port: await answering(t, (_, response) => response.end('hello')) };
  t.match(await cannotListen(taken, other), /^port \d+ is taken: stop what listens there, .*PORT/);
});

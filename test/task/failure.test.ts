import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { PermanentError, TransientError } from '../../server/errors.ts';
import { classify, type Failure } from '../../server/task/failure.ts';

const NOW = Date.UTC(2026, 0, 1);
const kindOf = (error: unknown) => classify(error, NOW).kind;
const coded = (code: string, error = new Error(code)) => Object.assign(error, { code });
const fetchFailed = (cause: unknown) => new TypeError('fetch failed', { cause });

const table: [string, unknown, Failure['kind']][] = [
  ['a TransientError', new TransientError('busy'), 'transient'],
  ['a PermanentError', new PermanentError('no'), 'permanent'],
  [
    'a TypeError that says it is retriable',
    Object.assign(new TypeError('x'), { retriable: true }),
    'transient',
  ],
  [
    'an error with a `retriable` that is no boolean',
    Object.assign(new TypeError('x'), { retriable: 1 }),
    'programmer',
  ],
  ['fetch, connection refused', fetchFailed(coded('ECONNREFUSED')), 'transient'],
  ['fetch, no such name', fetchFailed(coded('ENOTFOUND')), 'transient'],
  ['fetch, the other side hung up', fetchFailed(coded('UND_ERR_SOCKET')), 'transient'],
  ['fetch, no headers in time', fetchFailed(coded('UND_ERR_HEADERS_TIMEOUT')), 'transient'],
  [
    'fetch, every address refused',
    fetchFailed(new AggregateError([coded('ECONNREFUSED'), coded('EHOSTUNREACH')])),
    'transient',
  ],
  [
    'fetch, one of the addresses a mistake',
    fetchFailed(new AggregateError([coded('ECONNREFUSED'), coded('ERR_INVALID_ARG_VALUE')])),
    'programmer',
  ],
  ['fetch, used wrongly', fetchFailed(coded('UND_ERR_INVALID_ARG')), 'programmer'],
  [
    'fetch of what is no URL',
    coded('ERR_INVALID_URL', new TypeError('Failed to parse URL')),
    'programmer',
  ],
  ['an unknown scheme', fetchFailed(new Error('unknown scheme')), 'programmer'],
  [
    'a body that breaks off',
    new TypeError('terminated', { cause: coded('UND_ERR_SOCKET') }),
    'transient',
  ],
  ['an abort', new DOMException('aborted', 'AbortError'), 'transient'],
  ['a timeout', new DOMException('too long', 'TimeoutError'), 'transient'],
  [
    'an abort of Node itself',
    Object.assign(coded('ABORT_ERR'), { name: 'AbortError' }),
    'transient',
  ],
  ...[
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EAI_AGAIN',
    'ENOTFOUND',
    'ECONNABORTED',
  ].map((code): [string, unknown, Failure['kind']] => [code, coded(code), 'transient']),
  ...[408, 425, 429, 500, 502, 503, 504, 599].map((status): [string, unknown, Failure['kind']] => [
    `status ${status}`,
    Object.assign(new Error('http'), { status }),
    'transient',
  ]),
  ...[400, 401, 403, 404, 409, 410, 422, 451].map((status): [string, unknown, Failure['kind']] => [
    `statusCode ${status}`,
    Object.assign(new Error('http'), { statusCode: status }),
    'permanent',
  ]),
  [
    'a status in the response',
    Object.assign(new Error('http'), { response: { status: 404 } }),
    'permanent',
  ],
  ['a status below 400', Object.assign(new Error('odd'), { status: 302 }), 'transient'],
  ['a status that is no number', Object.assign(new Error('odd'), { status: '404' }), 'transient'],
  ['any other Error', new Error('what'), 'transient'],
  ['a TypeError', new TypeError('x is not a function'), 'programmer'],
  ['a RangeError', new RangeError('x'), 'programmer'],
  ['a ReferenceError', new ReferenceError('x'), 'programmer'],
  ['a SyntaxError', new SyntaxError('x'), 'programmer'],
  ['a TypeError that causes itself', selfCaused(), 'programmer'],
  ['a string', 'no', 'permanent'],
  ['nothing', undefined, 'permanent'],
  ['null', null, 'permanent'],
  ['an object that is no Error', { retriable: true, message: 'x' }, 'permanent'],
];

function selfCaused(): Error {
  const error = new TypeError('x');
  error.cause = error;
  return error;
}

for (const [title, error, kind] of table) {
  t.test(`${title} is ${kind}`, async (t) => {
    t.equal(kindOf(error), kind);
  });
}

t.test('who asks for patience is not called sooner', async (t) => {
  const waits: [unknown, number][] = [
    [2, 2000],
    ['120', 120_000],
    [' 3 ', 3000],
    [new Date(NOW + 5000).toUTCString(), 5000],
    [new Date(NOW + 7000), 7000],
    [new Date(NOW - 5000).toUTCString(), 0],
    [-4, 0],
    ['soon', 0],
    [Number.NaN, 0],
    [{}, 0],
    [1e12, 86_400_000],
  ];
  for (const [retryAfter, retryAfterMs] of waits) {
    const error = Object.assign(new Error('http'), { status: 429, retryAfter });
    t.same(classify(error, NOW), { kind: 'transient', retryAfterMs }, String(retryAfter));
  }
  const said = Object.assign(new TransientError('busy'), { retryAfter: 1 });
  t.same(classify(said, NOW), { kind: 'transient', retryAfterMs: 1000 });
});

t.test('what the fetch of this Node throws is told from a mistake in its use', async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': 10 }).write('half');
    response.destroy();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const thrown = async (work: () => Promise<unknown>) =>
    kindOf(
      await work().then(
        () => 0,
        (e) => e,
      ),
    );
  const here = `http://127.0.0.1:${port}`;
  t.equal(await thrown(async () => (await fetch(here)).text()), 'transient', 'half a body');
  t.equal(await thrown(() => fetch(here, { signal: AbortSignal.abort() })), 'transient');
  t.equal(await thrown(() => fetch('http://no-such-name.invalid')), 'transient', 'no such name');
  t.equal(await thrown(() => fetch('no url')), 'programmer');
  await new Promise((resolve) => server.close(resolve));
  t.equal(await thrown(() => fetch(here)), 'transient', 'nobody listens');
});
